"""A small decoder of the Llama family: RMSNorm before each part, RoPE, grouped-query attention, SwiGLU, no biases.

With qk_norm it has the shape of Qwen3 (an RMSNorm over each head's query and key before RoPE), without it Llama's; RoPE
turns a head's halves, as both do, so that weights export under a renaming alone. Attention never crosses a document.
How it is computed is a pair of functions: one makes a mask from document numbers, one attends under it; on a GPU
another pair takes their place (FlexAttention and varlen attention have no backward pass on CPU).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tokenmill.train.config import ModelConfig

MakeMask = Callable[[Tensor], Any]
Attend = Callable[[Tensor, Tensor, Tensor, Any], Tensor]


def document_numbers(ids: Tensor, bos_id: int) -> Tensor:
    """Which document of its row in a training batch each token is of, int64 (B, T): a new one begins at each BOS.

    All 0 where bos_id is -1.
    """
    return (ids == bos_id).cumsum(dim=1)


def causal_document_mask(documents: Tensor) -> Tensor:
    """True where a model's query may look, bool (B, 1, T, T): at itself and what came before it in its own document."""
    return (documents[:, None, :, None] == documents[:, None, None, :]).tril()


def attend_sdpa(q: Tensor, k: Tensor, v: Tensor, mask: Any) -> Tensor:
    """A model's attention (B, heads, T, head) under a boolean mask; k, v may have fewer heads, shared by neighbours."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)


class Decoder(nn.Module):
    """Ids (B, T) and their document numbers (B, T) to logits (B, T, vocabulary)."""

    def __init__(
        self,
        config: ModelConfig,
        *,
        vocab_size: int,
        make_mask: MakeMask = causal_document_mask,
        attend: Attend = attend_sdpa,
    ) -> None:
        super().__init__()
        self.make_mask = make_mask
        self.embed = nn.Embedding(vocab_size, config.width)
        self.layers = nn.ModuleList(_Layer(config, attend) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.width, eps=1e-6)
        self.head = nn.Linear(config.width, vocab_size, bias=False)
        self.rope = (config.width // config.heads, config.rope_base)
        if config.tied_head:
            self.head.weight = self.embed.weight

    def forward(self, ids: Tensor, documents: Tensor) -> Tensor:
        x = self.embed(ids)
        mask, turn = self.make_mask(documents), _rope_turns(ids.shape[1], *self.rope, like=x)
        for layer in self.layers:
            x = layer(x, turn, mask)
        logits: Tensor = self.head(self.norm(x))
        return logits

    def initialize(self, seed: int) -> None:
        """Fill all weights from the seed alone.

        Matrices are normal with variance 1 / inputs, the embedding has deviation 0.02 (so a tied head starts near the
        uniform distribution), and what writes into the residual stream starts at zero.
        """
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if weight.ndim == 1:
                    weight.fill_(1.0)
                elif name.endswith(("attention.out.weight", "mlp.down.weight")):
                    weight.zero_()
                else:
                    deviation = 0.02 if name in ("embed.weight", "head.weight") else weight.shape[1] ** -0.5
                    weight.normal_(0.0, deviation, generator=generator)


class _Layer(nn.Module):
    def __init__(self, config: ModelConfig, attend: Attend) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.width, eps=1e-6)
        self.attention = _Attention(config, attend)
        self.mlp_norm = nn.RMSNorm(config.width, eps=1e-6)
        self.mlp = _SwiGLU(config)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], mask: Any) -> Tensor:
        x = x + self.attention(self.attention_norm(x), turn, mask)
        return x + self.mlp(self.mlp_norm(x))  # type: ignore[no-any-return]  # nn.Module.__call__ is untyped


class _Attention(nn.Module):
    def __init__(self, config: ModelConfig, attend: Attend) -> None:
        super().__init__()
        self.head = config.width // config.heads
        self.attend = attend
        self.query = nn.Linear(config.width, config.heads * self.head, bias=False)
        self.key = nn.Linear(config.width, config.kv_heads * self.head, bias=False)
        self.value = nn.Linear(config.width, config.kv_heads * self.head, bias=False)
        self.out = nn.Linear(config.heads * self.head, config.width, bias=False)
        self.query_norm = nn.RMSNorm(self.head, eps=1e-6) if config.qk_norm else nn.Identity()
        self.key_norm = nn.RMSNorm(self.head, eps=1e-6) if config.qk_norm else nn.Identity()

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], mask: Any) -> Tensor:
        q, k, v = (part(x).unflatten(2, (-1, self.head)) for part in (self.query, self.key, self.value))
        q, k = _turned(self.query_norm(q), *turn), _turned(self.key_norm(k), *turn)
        mixed = self.attend(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), mask)
        return self.out(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class _SwiGLU(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate = nn.Linear(config.width, config.mlp_width, bias=False)
        self.up = nn.Linear(config.width, config.mlp_width, bias=False)
        self.down = nn.Linear(config.mlp_width, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))  # type: ignore[no-any-return]


def _rope_turns(length: int, head: int, base: float, *, like: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines (T, 1, head / 2) of position x frequency (Su et al. 2021, RoFormer, section 3.2.2)."""
    frequencies = base ** (-torch.arange(0, head, 2, device=like.device, dtype=torch.float32) / head)
    angles = torch.arange(length, device=like.device, dtype=torch.float32)[:, None, None] * frequencies
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (B, T, heads, head) with its halves turned against each other by each position's angles."""
    low, high = x.chunk(2, dim=-1)
    return torch.cat((low * cos - high * sin, high * cos + low * sin), dim=-1)
