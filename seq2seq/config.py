"""Every setting of a model, its data, its training and its decoding, as frozen dataclasses.

Each field carries its own explanation, which becomes the help text of the command line. Reading settings is
left to `settings`. The errors of the whole package stand here too, because every layer raises them. No torch
here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

VERSION = "0.1.0"


class SeqError(Exception):
    """An error that a user can do something about. `exit_code` is what the commands return for it."""

    exit_code = 1


class UsageError(SeqError, ValueError):
    """A setting or argument is wrong."""

    exit_code = 2


class DataError(SeqError, ValueError):
    """Data is wrong: the message says where (`file:line`), what was found and what was expected."""

    exit_code = 3


class ModelError(SeqError, ValueError):
    """A model directory or a checkpoint cannot be used."""

    exit_code = 4


class RunError(SeqError, RuntimeError):
    """A run could not go on: not finite, out of memory, disk full."""

    exit_code = 5


@dataclass(frozen=True)
class ModelConfig:
    """Sizes and kinds of the network's parts."""

    cell: str = "gru"
    """Recurrent cell of encoder and decoder: gru, lstm, rnn, rnn_relu, gru_reset_before, layernorm_gru,
    layernorm_lstm, ssru."""
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
    attention: str = "additive"
    """Attention score: additive, normalised_additive, dot, scaled_dot, general, multi_head, local, coverage,
    none."""
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
            _require(getattr(self, name) >= 1, f"model.{name}", getattr(self, name), "a whole number from 1")
        for name in ("dropout", "embedding_dropout", "word_dropout", "variational_dropout"):
            _require(0 <= getattr(self, name) < 1, f"model.{name}", getattr(self, name), "0 <= p < 1")
        _require(self.readout_size >= 0, "model.readout_size", self.readout_size, "0 or more")
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


@dataclass(frozen=True)
class DataConfig:
    """How text becomes training pairs."""

    columns: tuple[str, str] | None = None
    """Names of the source and target columns (CSV, JSONL, Parquet, Hugging Face)."""
    split: str = "train"
    """Split of a Hugging Face data set to train on."""
    valid_split: str = "validation"
    """Split of a Hugging Face data set to validate on."""
    drop_empty: bool = True
    """Drop pairs of which one side is blank."""
    max_characters: int = 1000
    """Drop pairs of which one side is longer than this; 0 keeps all."""
    max_ratio: float = 4.0
    """Drop pairs of which one side is this many times longer than the other (short ones excepted); 0 keeps
    all."""
    drop_duplicates: bool = True
    """Drop a pair that was seen before."""
    drop_identical: bool = False
    """Drop pairs whose source equals their target."""
    max_length: int = 100
    """Skip training pairs of more tokens than this on one side."""
    tokenizer: Literal["unigram", "bpe"] = "unigram"
    """Kind of SentencePiece model (Kudo, 2018; Sennrich et al., 2016)."""
    normalization: Literal["identity", "nfc"] = "identity"
    """Unicode form of the text."""
    vocab_size: int = 8000
    """Pieces, those for bytes included; a small corpus may give fewer."""
    joint: bool = True
    """One vocabulary for both languages."""
    tokenizer_sentences: int = 1_000_000
    """At most this many sentences are read to train the tokenizer."""
    sampling: float = 0.0
    """Probability that a sentence is split at random, not best (subword regularisation; Kudo, 2018)."""
    sampling_alpha: float = 0.2
    """Smoothness of that sampling: smaller is wilder (for BPE: dropout)."""

    def __post_init__(self) -> None:
        _require(self.vocab_size >= 300, "data.vocab_size", self.vocab_size, "300 or more")
        _require(self.max_length >= 1, "data.max_length", self.max_length, "a whole number from 1")
        _require(0 <= self.sampling <= 1, "data.sampling", self.sampling, "0 <= p <= 1")


@dataclass(frozen=True)
class TrainingConfig:
    """Optimisation, its schedule, validation and what is kept."""

    epochs: int = 0
    """Stop after this many passes over the data; 0: no such limit."""
    steps: int = 0
    """Stop after this many updates; 0: no such limit."""
    minutes: float = 0.0
    """Stop after this much training time, validation included; 0: no such limit. Where it is the nearest
    limit, `linear` and `cosine` go by the clock, and a run cannot be had again to the bit."""
    batch_tokens: int = 2000
    """Target tokens of a batch, padding included."""
    accumulation: int = 1
    """Batches of one update."""
    optimizer: Literal["adam", "adamw"] = "adam"
    """Adam (Kingma & Ba, 2015) or AdamW (Loshchilov & Hutter, 2019)."""
    learning_rate: float = 1e-3
    """Highest learning rate."""
    warmup_steps: int = 400
    """Steps over which the rate rises to its highest."""
    schedule: Literal["constant", "inverse_sqrt", "linear", "cosine"] = "inverse_sqrt"
    """Decay after the warm-up. `linear` and `cosine` reach `final_rate` at the end of steps, epochs or
    minutes."""
    final_rate: float = 0.02
    """Share of the learning rate left at the end of `linear` and `cosine`."""
    beta2: float = 0.98
    """Adam's decay of squared gradients."""
    weight_decay: float = 0.0
    """Decoupled (adamw) or added to the gradient (adam)."""
    clip_norm: float = 1.0
    """Greatest gradient norm (Pascanu et al., 2013); 0: no clipping."""
    label_smoothing: float = 0.1
    """Probability given to all other tokens (Szegedy et al., 2016)."""
    consistency: float = 0.0
    """Weight α of R-Drop (Liang et al., 2021): each batch is read twice with other units dropped, and the two
    predictions are drawn to each other; about twice the time an update. 0: read once."""
    ema: float = 0.0
    """Decay of an exponential moving average of the weights, which is what validates and is kept; 0: none."""
    validate_every: int = 0
    """Updates between validations; 0: once an epoch."""
    validation_sentences: int = 1000
    """Sentences translated for the validation BLEU."""
    patience: int = 10
    """Stop after this many validations without a better BLEU; 0: never."""
    save_every: int = 500
    """Updates between checkpoints."""
    keep_checkpoints: int = 2
    """Checkpoints kept, the newest ones."""
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    """bfloat16 runs matrix products in half precision under autocast; auto does so where GPU or CPU has such
    products, which are about twice as fast."""
    seed: int = 1
    """Of initial weights, order of data, sampling and dropout."""

    def __post_init__(self) -> None:
        for name in (
            "batch_tokens",
            "accumulation",
            "save_every",
            "keep_checkpoints",
            "validation_sentences",
        ):
            _require(
                getattr(self, name) >= 1, f"training.{name}", getattr(self, name), "a whole number from 1"
            )
        for name in ("epochs", "steps", "minutes", "warmup_steps", "validate_every", "patience", "clip_norm"):
            _require(getattr(self, name) >= 0, f"training.{name}", getattr(self, name), "0 or more")
        _require(self.learning_rate > 0, "training.learning_rate", self.learning_rate, "above 0")
        _require(
            0 <= self.label_smoothing < 1, "training.label_smoothing", self.label_smoothing, "0 <= s < 1"
        )
        _require(self.consistency >= 0, "training.consistency", self.consistency, "0 or more")
        _require(0 <= self.ema < 1, "training.ema", self.ema, "0 <= d < 1")


@dataclass(frozen=True)
class DecodingConfig:
    """How a trained model translates."""

    beam_size: int = 5
    """K, hypotheses kept a sentence; 1 is greedy."""
    n_best: int = 1
    """Translations returned a sentence, at most the beam size."""
    length_penalty: float = 1.0
    """Score = log probability / length ** this; 0 is none, 1 the mean."""
    max_length_factor: float = 2.0
    """A translation has at most factor × source tokens + extra tokens."""
    max_length_extra: int = 10
    """The other part of that limit."""
    max_source_length: int = 250
    """A longer source (in tokens) is split, translated in parts and joined."""
    batch_size: int = 64
    """Sentences translated at once."""

    def __post_init__(self) -> None:
        _require(1 <= self.beam_size <= 200, "beam_size", self.beam_size, "1 to 200")
        _require(
            1 <= self.n_best <= self.beam_size, "n_best", self.n_best, f"1 to beam_size ({self.beam_size})"
        )
        _require(0 <= self.length_penalty <= 10, "length_penalty", self.length_penalty, "0 to 10")
        _require(self.max_length_factor > 0, "max_length_factor", self.max_length_factor, "above 0")
        _require(
            self.max_length_extra >= 1, "max_length_extra", self.max_length_extra, "a whole number from 1"
        )
        _require(self.max_source_length >= 1, "max_source_length", self.max_source_length, "1 or more")
        _require(self.batch_size >= 1, "batch_size", self.batch_size, "a whole number from 1")


@dataclass(frozen=True)
class Settings:
    """All settings of a training run: what a recipe holds."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    def __post_init__(self) -> None:
        if self.model.tie_source and not self.data.joint:
            raise UsageError("model.tie_source shares one embedding table, which needs data.joint = true")


def _require(condition: bool, name: str, value: object, expected: str) -> None:
    if not condition:
        raise UsageError(f"{name} is {value!r}, expected {expected}")
