"""The decoder: tokens see neither later tokens nor other documents, and the arithmetic agrees with a slow twin."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tokenmill.train.config import ModelConfig
from tokenmill.train.model import Decoder, causal_document_mask, document_numbers

CONFIG = ModelConfig(layers=2, width=32, heads=4, kv_heads=2, mlp_width=48)
VOCAB, BOS = 40, 1


def decoder(config: ModelConfig = CONFIG) -> Decoder:
    """Makes every weight random, including those that start training at zero or one."""
    model = Decoder(config, vocab_size=VOCAB)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0.5 if weight.ndim == 1 else 0.0, 0.2, generator=generator)
    return model


def logits(model: Decoder, ids: list[int]) -> Tensor:
    row = torch.tensor([ids])
    with torch.no_grad():
        found: Tensor = model(row, document_numbers(row, BOS))[0]
    return found


def test_document_numbers_count_bos() -> None:
    ids = torch.tensor([[5, 5, BOS, 6, BOS, BOS, 7], [BOS, 2, 3, 4, 5, 6, 7]])
    assert document_numbers(ids, BOS).tolist() == [[0, 0, 1, 1, 2, 3, 3], [1] * 7]
    assert document_numbers(ids, -1).tolist() == [[0] * 7, [0] * 7]


def test_the_mask_is_causal_within_documents() -> None:
    mask = causal_document_mask(torch.tensor([[0, 1, 1, 2]]))
    expected = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
    assert mask.shape == (1, 1, 4, 4)
    assert mask[0, 0].int().tolist() == expected


@pytest.mark.parametrize("qk_norm", [True, False])
def test_changing_one_document_leaves_the_logits_of_the_next_unchanged(qk_norm: bool) -> None:
    model = decoder(CONFIG.model_copy(update={"qk_norm": qk_norm}))
    first, other, second = [BOS, 4, 5, 6], [BOS, 30, 31, 32], [BOS, 7, 8, 9, 10]
    before, after = logits(model, first + second), logits(model, other + second)
    assert torch.equal(before[4:], after[4:])
    assert not torch.allclose(before[1:4], after[1:4])


def test_a_document_has_the_same_logits_packed_as_alone() -> None:
    """RoPE is relative, so the position of a document in its row does not matter."""
    model = decoder()
    documents = [[4, 5, 6], [BOS, 7, 8, 9, 10], [BOS], [BOS, 20, 21]]
    packed = logits(model, [token for document in documents for token in document])
    alone = torch.cat([logits(model, document) for document in documents])
    torch.testing.assert_close(packed, alone, rtol=1e-4, atol=1e-4)


def test_no_token_sees_a_later_one() -> None:
    model = decoder()
    before, after = logits(model, [BOS, 4, 5, 6, 7]), logits(model, [BOS, 4, 5, 30, 31])
    assert torch.equal(before[:3], after[:3])
    assert not torch.allclose(before[3:], after[3:])


def slow_twin(model: Decoder, ids: list[int]) -> Tensor:
    """Computes the same model from its definition: one query and one head at a time, RoPE as complex numbers."""
    weights = dict(model.named_parameters())
    head = CONFIG.width // CONFIG.heads
    frequencies = [CONFIG.rope_base ** (-2 * i / head) for i in range(head // 2)]

    def norm(x: Tensor, weight: Tensor) -> Tensor:
        return x / (x.pow(2).mean() + 1e-6).sqrt() * weight

    def rope(x: Tensor, position: int) -> Tensor:
        turns = torch.tensor([complex(0, position * f) for f in frequencies]).exp()
        turned = torch.complex(x[: head // 2], x[head // 2 :]) * turns
        return torch.cat([turned.real, turned.imag])

    stream = [weights["embed.weight"][token] for token in ids]
    for n in range(CONFIG.layers):
        w = {name.removeprefix(f"layers.{n}."): weight for name, weight in weights.items()}
        normed = [norm(x, w["attention_norm.weight"]) for x in stream]
        keys, values = (
            [(w[f"attention.{part}.weight"] @ x).view(CONFIG.kv_heads, head) for x in normed]
            for part in ("key", "value")
        )
        for t, x in enumerate(normed):
            queries, mixed = (w["attention.query.weight"] @ x).view(CONFIG.heads, head), []
            for h in range(CONFIG.heads):
                shared = h // (CONFIG.heads // CONFIG.kv_heads)
                query = rope(norm(queries[h], w["attention.query_norm.weight"]), t)
                turned = [rope(norm(keys[s][shared], w["attention.key_norm.weight"]), s) for s in range(t + 1)]
                share = torch.stack([query @ key / head**0.5 for key in turned]).softmax(0)
                mixed.append(sum(p * values[s][shared] for s, p in enumerate(share)))
            stream[t] = stream[t] + w["attention.out.weight"] @ torch.cat(mixed)
        for t, x in enumerate(stream):
            y = norm(x, w["mlp_norm.weight"])
            inner = F.silu(w["mlp.gate.weight"] @ y) * (w["mlp.up.weight"] @ y)
            stream[t] = x + w["mlp.down.weight"] @ inner
    return torch.stack([weights["embed.weight"] @ norm(x, weights["norm.weight"]) for x in stream])


def test_it_computes_what_its_definition_says() -> None:
    model = decoder()
    ids = [BOS, 4, 5, 6, 7, 8]
    with torch.no_grad():
        torch.testing.assert_close(logits(model, ids), slow_twin(model, ids), rtol=1e-4, atol=1e-4)


def test_initial_weights_follow_from_the_seed_and_start_uniform() -> None:
    first, second, other = (Decoder(CONFIG, vocab_size=VOCAB) for _ in range(3))
    for model, seed in ((first, 5), (second, 5), (other, 6)):
        model.initialize(seed)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.embed.weight, other.embed.weight)
    shares = logits(first, [BOS, 4, 5, 6]).softmax(-1)
    assert shares.max() < 3 / VOCAB


def test_a_head_of_its_own_is_not_the_embedding() -> None:
    untied = Decoder(CONFIG.model_copy(update={"tied_head": False}), vocab_size=VOCAB)
    assert untied.head.weight is not untied.embed.weight
    assert "head.weight" in dict(untied.named_parameters())
