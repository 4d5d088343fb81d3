"""The one comment that a pull request has about its infrastructure, and the job's summary.

It is HTML, not Markdown: inside a block of it no name, value or message can be read as markup, so that
escaping five characters is all there is to be safe (CommonMark 0.31, section 4.6, condition 6: such a block
ends at a blank line, and none is written but around the graph).
"""
