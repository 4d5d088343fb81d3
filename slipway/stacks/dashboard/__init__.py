"""What all stacks are like now: `gathering` reads it, `attention` judges it, `page` shows it."""
