"""A trained voice as files that llama.cpp, Ollama and LM Studio run: GGUF adapters, GGUF bases, merged models."""

from character_training.export.adapter import write_adapter_gguf
from character_training.export.base import write_base_gguf
from character_training.export.folder import Exported, export_voice
from character_training.export.merge import merge_gguf

__all__ = ["Exported", "export_voice", "merge_gguf", "write_adapter_gguf", "write_base_gguf"]
