/// What a training run does, as the original's `options/ft.yml` and `ft_lora.yml` say it. A name that is left out has the
/// value of those files.
package struct TrainingOptions: Sendable {
    package var name = "train"
    package var seed: UInt64 = 0
    /// A folder in the published layout, or a repository.
    package var model = "OmniGen2/OmniGen2"
    package var stage = StageName.transformer
    package var data: DataOptions
    package var autoencoder = AutoencoderLoss.Options()
    package var languageModel = LanguageModelStage.Options()
    package var timesteps = TimestepSampling()
    package var optimizer = AdamW.Options()
    package var schedule: LearningRateSchedule
    /// Longer gradients are scaled to this length; 0 leaves them.
    package var maximumGradientNorm = 1.0
    /// 0 keeps no average of the weights.
    package var averageDecay = 0.0
    package var recomputesBlocks = true
    /// Whether blocks compute in bf16, beside weights in fp32.
    package var computesInBFloat16 = true
    /// What the names of the weights begin with that are trained, such as "decoder."; `nil` trains every weight. The others
    /// stay as they are, to the bit where the run computes in the type they are stored in.
    package var trainedWeights: [String]?
    /// Whether the transformer's projection of text states starts as one that brings all their directions to one length.
    package var whitensText = false
    /// Whether the vision tower starts with a last layer that brings all directions of its tokens to one length.
    package var whitensPictures = false
    /// `nil` trains the weights themselves.
    package var lowRank: LowRankOptions?
    package var run = RunOptions()
    package var samples = SampleOptions()

    /// Whether a weight is trained.
    package func trains(_ name: String) -> Bool { trainedWeights?.contains(where: name.hasPrefix) ?? true }

    /// - Throws: `TrainingError.option` when options exclude each other.
    package func validate() throws(TrainingError) {
        if trainedWeights != nil, lowRank != nil {
            throw .option("trained_weights cannot stand beside lora_ft, which trains none of the model's weights")
        }
        if whitensText, stage != .transformer || lowRank != nil || trainedWeights != nil {
            throw .option("whiten_text is for the transformer with all of its weights")
        }
        if whitensPictures, stage != .mllm || lowRank != nil {
            throw .option("whiten_pictures is for the language model's own weights")
        }
    }

    /// How long, in what batches, and what is kept.
    package struct RunOptions: Equatable, Sendable {
        package var batchSize = 2
        package var accumulationSteps = 1
        package var steps = 4000
        package var checkpointInterval = 1000
        /// `nil` keeps all.
        package var checkpointLimit: Int?
        /// Steps between pictures drawn to look at; 0 draws none.
        package var sampleInterval = 0
        package var writesTensorBoard = false
        /// "latest", a folder, or `nil`.
        package var resumesFrom: String?
    }
}

/// How a few samples are shown on the way. Source: `val` of the original's options; there a picture is what one step makes of
/// a noisy one, here it is drawn from noise.
package struct SampleOptions: Equatable, Sendable {
    package var count = 3
    /// Steps of a picture from noise to image.
    package var steps = 20
    package var textGuidance = 5.0
    package var imageGuidance = 2.0
}

/// Which samples, and how they are read.
package struct DataOptions: Equatable, Sendable {
    /// The data's `.yml`, `.jsonl` or `.json`.
    package var path: String
    /// Tokens of a prompt, in its template, that are read.
    package var maximumTextTokens = 888
    /// Whether prompts are set in the chat template.
    package var usesChatTemplate = true
    /// How often a sample's prompt is left out.
    package var promptDropout = 0.0
    /// How often its references are, when the prompt is.
    package var referenceDropout = 0.0
    /// Larger results are made smaller.
    package var maximumOutputPixels = 1024 * 1024
    /// Larger references are made smaller: of samples with one, two, three and so on; the last counts for more.
    package var maximumInputPixels = [1024 * 1024]
    /// Longer sides are made shorter.
    package var maximumSide = 2048
}
