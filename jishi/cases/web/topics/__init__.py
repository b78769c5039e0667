"""每月一题 on the screens: the office's board, one topic, the public page."""
