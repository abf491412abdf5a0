"""Files of recordings, read, denoised and written in pieces: `ecgstream denoise`."""
