(() => {
  const box = document.querySelector(".filter"), told = document.getElementById("shown");
  const rows = [...document.querySelectorAll(".stacks tbody tr")];
  const folded = [...document.querySelectorAll("details.fine")];
  box.hidden = false;
  box.querySelector("input").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      shown += !row.hidden;
    }
    for (const each of folded) each.open = words.join("") !== "";
    told.textContent = `${shown} of ${rows.length}`;
  });
})();
