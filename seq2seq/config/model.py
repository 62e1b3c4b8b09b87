"""Settings of the network: the sizes and kinds of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seq2seq.config.checks import require
from seq2seq.errors import UsageError

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
    """Recurrent cell of encoder and decoder."""
    cell_depth: int = 1
    """Cells per time step of each layer (deep transition; Pascanu et al., 2014)."""
    embedding_size: int = 256
    """E, width of source and target embeddings."""
    encoder_shape: Literal["bidirectional", "forward", "backward", "gnmt", "alternating"] = "bidirectional"
    """How the encoder's layers read: each both ways; all ahead; all from the end; both ways and then ahead;
    two towers that turn around at each layer."""
    encoder_layers: int = 1
    """Number of encoder layers."""
    encoder_size: int = 256
    """Units of each direction; the memory (M) is twice as wide where the top layer reads both ways."""
    decoder: Literal["decoupled", "input_feeding", "bahdanau", "conditional"] = "decoupled"
    """Order of recurrence and attention. decoupled: all time steps at once; the others feed attention
    back."""
    decoder_layers: int = 2
    """Number of decoder layers."""
    decoder_size: int = 512
    """H, units of each decoder layer."""
    attention: Attention = "additive"
    """How a source position is scored; `none` leaves attention out."""
    attention_size: int = 256
    """A, width of what scores are made in: additive kinds, multi_head, and the centre of local."""
    attention_heads: int = 4
    """Heads of multi_head attention."""
    attention_window: int = 10
    """D, source positions on each side of the centre of local attention."""
    bridge: Literal["zero", "last", "mean", "projected", "backward"] = "mean"
    """What the decoder starts from: zeros; the encoder's last states as they are; tanh of a product with the
    mean of its outputs, with its top layer's last state, or with that of the backward direction alone."""
    copying: bool = False
    """May copy source tokens (pointer-generator; See et al., 2017); needs a joint vocabulary."""
    residual: bool = True
    """Layers above the first add their input to their output, where both are equally wide. Of `bahdanau` the
    top layer does not: its state itself is what attends and is read out."""
    readout: Literal["tanh", "maxout", "none"] = "tanh"
    """Layer under the output: its activation (maxout takes the greater of two units), or none: the output
    reads the top decoder layer."""
    readout_size: int = 0
    """Width of that layer, if there is one; 0: E, as tie_output needs it."""
    tie_output: bool = True
    """The output layer uses the target embeddings (Press & Wolf, 2017)."""
    tie_source: bool = True
    """Source and target share one embedding table; needs a joint vocabulary."""
    dropout: float = 0.3
    """Probability of dropping a unit of a layer's input or output."""
    embedding_dropout: float = 0.2
    """Probability of dropping a unit of an embedding."""
    word_dropout: float = 0.0
    """Probability of zeroing a whole input token (Gal & Ghahramani, 2016)."""
    variational_dropout: float = 0.0
    """Probability of dropping a unit of a recurrent layer's input and state, the same one at each time step
    of a sentence (Gal & Ghahramani, 2016)."""
    source_vocab_size: int = 0
    """Set from the tokenizer."""
    target_vocab_size: int = 0
    """Set from the tokenizer."""

    def __post_init__(self) -> None:
        sizes = ("cell_depth", "embedding_size", "encoder_layers", "encoder_size", "decoder_layers")
        for name in (*sizes, "decoder_size", "attention_size", "attention_heads", "attention_window"):
            require(getattr(self, name) >= 1, f"model.{name}", getattr(self, name), "a whole number from 1")
        for name in ("dropout", "embedding_dropout", "word_dropout", "variational_dropout"):
            require(0 <= getattr(self, name) < 1, f"model.{name}", getattr(self, name), "0 <= p < 1")
        require(self.readout_size >= 0, "model.readout_size", self.readout_size, "0 or more")
        for allowed, reason in self._rules():
            if not allowed:
                raise UsageError(reason)

    @property
    def memory_size(self) -> int:
        """M, width of the encoder's outputs."""
        return self.encoder_size * (2 if self.encoder_shape in ("bidirectional", "alternating") else 1)

    @property
    def readout_width(self) -> int:
        """R, width of what the output layer reads."""
        if self.readout == "none":
            return self.decoder_size
        return self.readout_size or self.embedding_size

    @property
    def summary(self) -> str:
        """The network in a line."""
        return (
            f"{self.cell}, encoder {self.encoder_layers} × {self.encoder_size} ({self.encoder_shape}), "
            f"decoder {self.decoder_layers} × {self.decoder_size} ({self.decoder}), "
            f"attention {self.attention}"
        )

    def _rules(self) -> list[tuple[bool, str]]:
        """What does not go together, and why."""
        same = (self.encoder_layers, self.memory_size) == (self.decoder_layers, self.decoder_size)
        odd = self.encoder_shape == "alternating" and self.encoder_layers % 2 == 1
        return [
            (
                self.encoder_shape != "gnmt" or self.encoder_layers > 1,
                "model.encoder_shape = 'gnmt' puts layers that read ahead on one that reads both ways: "
                f"model.encoder_layers is {self.encoder_layers}, expected 2 or more",
            ),
            (
                self.bridge != "last" or (same and self.encoder_shape != "gnmt"),
                "model.bridge = 'last' copies each encoder layer's state to the decoder layer beside it: it "
                f"needs as many layers (encoder {self.encoder_layers}, decoder {self.decoder_layers}) of one "
                f"width (encoder {self.memory_size}, decoder {self.decoder_size}), and no gnmt encoder; "
                "'projected' does without",
            ),
            (
                self.bridge != "backward" or self.encoder_shape == "bidirectional" or odd,
                "model.bridge = 'backward' takes the half of the top layer that ends on the first token: it "
                "needs model.encoder_shape = 'bidirectional', or 'alternating' with an odd number of layers, "
                f"not {self.encoder_shape!r} with {self.encoder_layers}",
            ),
            (
                self.bridge != "zero" or self.attention != "none",
                "model.bridge = 'zero' with model.attention = 'none' leaves the decoder without the source: "
                "expected another bridge, or an attention",
            ),
            (
                not self.copying or (self.attention not in ("none", "local") and self.tie_source),
                "model.copying takes attention weights for probabilities and source ids for target ids: it "
                "needs an attention whose weights sum to 1 (not none, not local) and model.tie_source",
            ),
            (
                self.decoder == "decoupled" or self.attention != "none",
                f"model.decoder = {self.decoder!r} feeds attention back: with model.attention = 'none' there "
                "is nothing to feed, use 'decoupled'",
            ),
            (
                not self.tie_output or self.readout_width == self.embedding_size,
                "model.tie_output uses the embeddings to score what the output layer reads: "
                f"model.embedding_size is {self.embedding_size}, expected {self.readout_width}",
            ),
            (
                self.readout != "none" or self.decoder != "input_feeding",
                "model.decoder = 'input_feeding' feeds the readout back: model.readout cannot be 'none'",
            ),
            (
                self.readout != "none" or self.decoder != "bahdanau",
                "model.decoder = 'bahdanau' reads the context and the last token in its readout, beside a "
                "state that knows of neither: model.readout cannot be 'none'",
            ),
            (
                self.readout != "none"
                or (self.decoder, self.decoder_layers) != ("decoupled", 1)
                or self.attention == "none",
                "model.decoder = 'decoupled' reads the context above its first layer: with one of "
                "model.decoder_layers and model.readout = 'none' attention would be for nothing",
            ),
        ]
