"""A whole training, from recordings to a result: ours and the article's."""
