"""Settings of the network: the sizes and kinds of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seq2seq.config.checks import (
    BELOW_ONE,
    LARGEST_SIZE,
    MOST_CELLS,
    MOST_LAYERS,
    check_fields,
    require,
    whole,
)
from seq2seq.errors import UsageError

_SIZES = ("embedding_size", "encoder_size", "decoder_size", "attention_size", "attention_heads")
_DROPOUTS = ("dropout", "embedding_dropout", "word_dropout", "variational_dropout")
_RANGES = {
    **dict.fromkeys(_SIZES, whole(1, LARGEST_SIZE)),
    **dict.fromkeys(("cell_depth", "encoder_layers", "decoder_layers"), whole(1, MOST_LAYERS)),
    **dict.fromkeys(_DROPOUTS, BELOW_ONE),
    **dict.fromkeys(("source_vocab_size", "target_vocab_size"), whole(0, 1_000_000)),
    "attention_window": whole(1, 10_000),
    "readout_size": whole(0, LARGEST_SIZE),
}

Cell = Literal[
    "gru", "lstm", "rnn", "rnn_relu", "gru_reset_before", "layernorm_gru", "layernorm_lstm", "ssru"
]
Attention = Literal[
    "additive",
    "normalised_additive",
    "dot",
    "scaled_dot",
    "general",
    "multi_head",
    "local",
    "coverage",
    "none",
]


@dataclass(frozen=True)
class ModelConfig:
    """Sizes and kinds of the network's parts."""

    cell: Cell = "gru"
    """Recurrent cell of encoder and decoder. rnn, rnn_relu: simple cells; gru_reset_before: the textbook
    GRU; layernorm_gru, layernorm_lstm: with layer normalisation; ssru: a fast cell for CPUs."""
    cell_depth: int = 1
    """Number of cells that each layer applies in one time step (deep transition; Pascanu et al., 2014)."""
    embedding_size: int = 256
    """Width of the source and target embeddings."""
    encoder_shape: Literal["bidirectional", "forward", "backward", "gnmt", "alternating"] = "bidirectional"
    """Direction in which the encoder's layers read the source. bidirectional: each layer in both; gnmt: the
    first layer in both, the others forward; alternating: two stacks that change direction at each layer."""
    encoder_layers: int = 1
    """Number of encoder layers."""
    encoder_size: int = 256
    """Units of each encoder layer and direction. A layer that reads in both directions has twice as many
    outputs."""
    decoder: Literal["decoupled", "input_feeding", "bahdanau", "conditional"] = "decoupled"
    """Order of recurrence and attention. decoupled: attention is outside the recurrence, so training computes
    all time steps at once. In the others attention changes the recurrent state, and training is slower."""
    decoder_layers: int = 2
    """Number of decoder layers."""
    decoder_size: int = 512
    """Units of each decoder layer."""
    attention: Attention = "additive"
    """How attention scores a source token. additive: a small network; dot, scaled_dot, general: products
    of decoder and encoder states; multi_head: several scaled products; local: a window of the source;
    coverage: additive, and it knows which tokens had attention before; none: no attention."""
    attention_size: int = 256
    """Width of the attention's hidden layer. Used by the additive kinds, coverage, multi_head and local."""
    attention_heads: int = 4
    """Number of heads of multi_head attention."""
    attention_window: int = 10
    """Source tokens on each side of the centre of local attention."""
    bridge: Literal["zero", "last", "mean", "projected", "backward"] = "mean"
    """The decoder's first state. zero: zeros; last: the last states of the encoder's layers. The others are a
    tanh layer over the mean of the encoder's outputs (mean), over its top layer's last state (projected), or
    over the last state of the top layer's backward direction (backward)."""
    copying: bool = False
    """Let the decoder copy source tokens (pointer-generator; See et al., 2017). Needs a joint vocabulary."""
    residual: bool = True
    """Layers above the first add their input to their output (residual connection), if both have the same
    width. Exception: the top layer of the bahdanau decoder."""
    readout: Literal["tanh", "maxout", "none"] = "tanh"
    """Activation of the layer before the output layer (maxout: the larger of two units). none: no such layer;
    the output layer reads the top decoder layer."""
    readout_size: int = 0
    """Width of the layer before the output layer. 0: the embedding size, which --model.tie-output needs."""
    tie_output: bool = True
    """The output layer shares its weights with the target embeddings (Press & Wolf, 2017)."""
    tie_source: bool = True
    """Source and target share one embedding table. Needs a joint vocabulary."""
    dropout: float = 0.3
    """Probability of dropping a unit of a layer's input or output."""
    embedding_dropout: float = 0.2
    """Probability of dropping a unit of an embedding."""
    word_dropout: float = 0.0
    """Probability of zeroing a whole input token (Gal & Ghahramani, 2016)."""
    variational_dropout: float = 0.0
    """Probability of dropping a unit of a recurrent layer's input and state, with the same mask at each time
    step of a sentence (Gal & Ghahramani, 2016)."""
    source_vocab_size: int = 0
    """Set from the tokenizer."""
    target_vocab_size: int = 0
    """Set from the tokenizer."""

    def __post_init__(self) -> None:
        check_fields(self, _RANGES, prefix="model.")
        most = f"at most {MOST_CELLS}"
        require(self.cells <= MOST_CELLS, "model.cell_depth × the number of layers", self.cells, most)
        for allowed, reason in self._rules():
            if not allowed:
                raise UsageError(reason)

    @property
    def cells(self) -> int:
        """Number of cells of all layers, counted once for both directions."""
        return self.cell_depth * (self.encoder_layers + self.decoder_layers)

    @property
    def memory_size(self) -> int:
        """Width of the encoder's outputs (M)."""
        return self.encoder_size * (2 if self.encoder_shape in ("bidirectional", "alternating") else 1)

    @property
    def readout_width(self) -> int:
        """Width of the output layer's input (R)."""
        if self.readout == "none":
            return self.decoder_size
        return self.readout_size or self.embedding_size

    @property
    def summary(self) -> str:
        """The network in one line of text."""
        return (
            f"{self.cell}, encoder {self.encoder_layers} × {self.encoder_size} ({self.encoder_shape}), "
            f"decoder {self.decoder_layers} × {self.decoder_size} ({self.decoder}), "
            f"attention {self.attention}"
        )

    def _rules(self) -> list[tuple[bool, str]]:
        """Rules for combinations of settings: whether each holds, and the message if it does not."""
        same = (self.encoder_layers, self.memory_size) == (self.decoder_layers, self.decoder_size)
        odd = self.encoder_shape == "alternating" and self.encoder_layers % 2 == 1
        return [
            (
                self.encoder_shape != "gnmt" or self.encoder_layers > 1,
                "model.encoder_shape = 'gnmt' puts forward layers on top of a bidirectional one: "
                f"model.encoder_layers is {self.encoder_layers}, expected 2 or more",
            ),
            (
                self.bridge != "last" or (same and self.encoder_shape != "gnmt"),
                "model.bridge = 'last' copies the state of each encoder layer to the decoder layer of the "
                f"same number: it needs equal numbers of layers (encoder {self.encoder_layers}, decoder "
                f"{self.decoder_layers}), equal widths (encoder {self.memory_size}, decoder "
                f"{self.decoder_size}) and no gnmt encoder; 'projected' needs none of these",
            ),
            (
                self.bridge != "backward" or self.encoder_shape == "bidirectional" or odd,
                "model.bridge = 'backward' uses the backward direction of the top encoder layer: it "
                "needs model.encoder_shape = 'bidirectional', or 'alternating' with an odd number of layers, "
                f"not {self.encoder_shape!r} with {self.encoder_layers}",
            ),
            (
                self.bridge != "zero" or self.attention != "none",
                "model.bridge = 'zero' with model.attention = 'none' gives the decoder nothing of the "
                "source: expected another bridge, or an attention",
            ),
            (
                not self.copying or (self.attention not in ("none", "local") and self.tie_source),
                "model.copying uses attention weights as probabilities and source ids as target ids: it "
                "needs an attention whose weights sum to 1 (not none, not local) and model.tie_source",
            ),
            (
                self.decoder == "decoupled" or self.attention != "none",
                f"model.decoder = {self.decoder!r} feeds the attention context back, and model.attention = "
                "'none' has no context: expected model.decoder = 'decoupled'",
            ),
            (
                not self.tie_output or self.readout_width == self.embedding_size,
                "model.tie_output uses the embeddings as output weights, so both must be equally wide: "
                f"model.embedding_size is {self.embedding_size}, expected {self.readout_width}",
            ),
            (
                self.readout != "none" or self.decoder != "input_feeding",
                "model.decoder = 'input_feeding' feeds the readout back: model.readout cannot be 'none'",
            ),
            (
                self.readout != "none" or self.decoder != "bahdanau",
                "model.decoder = 'bahdanau' uses the context and the last token only in its readout: "
                "model.readout cannot be 'none'",
            ),
            (
                self.readout != "none"
                or (self.decoder, self.decoder_layers) != ("decoupled", 1)
                or self.attention == "none",
                "model.decoder = 'decoupled' uses the context above its first layer: with "
                "model.decoder_layers = 1 and model.readout = 'none' attention would have no effect",
            ),
        ]
