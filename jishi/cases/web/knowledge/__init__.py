"""知识库: what everybody reads and searches, and what a body keeps."""
