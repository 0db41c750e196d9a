"""One page that answers: what was found, how sure is it, what did it cost."""
