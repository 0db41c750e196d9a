"""One unit of training, where it runs, and what is made of several."""
