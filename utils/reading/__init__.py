"""What `utils.data_loader` is made of below subtitles and transcripts: bytes, cues, labels, folders, reports, cache."""
