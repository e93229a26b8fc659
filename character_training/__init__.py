"""Learning a voice: from the dialogue table to an adapter that chat servers run."""
