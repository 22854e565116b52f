import OmniGen2

extension TrainingOptions {
    /// Reads a file of the original's form. Its data path begins at the file.
    ///
    /// - Parameter report: is told, one line each, of names that mean nothing here.
    /// - Throws: `SettingsError` that names file, line, and what was expected.
    package init(file: String, report: (String) -> Void = { _ in }) throws(SettingsError) {
        let settings = try Settings(file: file)
        let train = try settings.mapping("train")
        data = try DataOptions(settings.mapping("data"))
        schedule = try LearningRateSchedule(train)
        name = try settings.string("name") ?? name
        guard let seed = UInt64(exactly: try settings.int("seed") ?? 0) else {
            throw settings.error("seed", "must be 0 or more")
        }
        self.seed = seed
        stage =
            try StageName(
                rawValue: train.word("stage", among: StageName.allCases.map(\.rawValue), or: stage.rawValue)) ?? stage
        autoencoder = try AutoencoderLoss.Options(settings.mapping("vae"))
        languageModel.instructionWeight = try settings.mapping("mllm").double(
            "instruction_weight", in: 0...1, or: languageModel.instructionWeight)
        model = try settings.mapping("model").string("pretrained_model_path") ?? model
        timesteps = try TimestepSampling(settings.mapping("transport"), data)
        optimizer = try AdamW.Options(train)
        maximumGradientNorm = try train.double("max_grad_norm", in: 0...1e9, or: maximumGradientNorm)
        averageDecay = try train.double("ema_decay", in: 0...1, or: averageDecay)
        recomputesBlocks = try train.bool("gradient_checkpointing") ?? recomputesBlocks
        computesInBFloat16 = try train.word("mixed_precision", among: ["bf16", "no"], or: "bf16") == "bf16"
        trainedWeights = try train.strings("trained_weights")
        whitensText = try train.bool("whiten_text") ?? false
        whitensPictures = try train.bool("whiten_pictures") ?? false
        lowRank = try LowRankOptions(settings: train)
        let validation = try settings.mapping("val")
        run = try RunOptions(train, validation, settings.mapping("logger"))
        samples = try SampleOptions(validation)
        run.resumesFrom = try settings.string("resume_from_checkpoint")
        if try train.bool("scale_lr") ?? false { schedule.rate *= Double(run.batchSize * run.accumulationSteps) }
        Self.reportOthers(settings, report)
    }

    /// Names of the original that this program has no use for.
    private static let withoutEffect: Set = [
        "device_specific_seed", "workder_specific_seed", "same_seed_per_epoch", "cache_dir",
        "model.pretrained_vae_model_name_or_path", "model.pretrained_text_encoder_model_name_or_path",
        "model.vae_subfolder", "model.arch_opt", "model.resize_token_embeddings", "train.dataloader_num_workers",
        "train.use_8bit_adam", "train.set_grads_to_none", "train.allow_tf32", "train.benchmark_cudnn",
        "train.t_in_epochs", "val.validation_steps",
    ]

    private static func reportOthers(_ settings: Settings, _ report: (String) -> Void) {
        for (name, line) in settings.unasked {
            let meaning = withoutEffect.contains(name) ? "has no effect here" : "is not known"
            report("\(settings.file)\(line.map { ":\($0)" } ?? ""): \(name) \(meaning)")
        }
    }
}

extension DataOptions {
    /// The data of a run's options, or of the data's own file or folder.
    ///
    /// - Throws: `SettingsError` when the file cannot be read as what its name says.
    package init(file: String, report: (String) -> Void = { _ in }) throws(SettingsError) {
        let isYAML = file.hasSuffix(".yml") || file.hasSuffix(".yaml")
        if isYAML, try !Settings(file: file).isList("data") {
            self = try TrainingOptions(file: file, report: report).data
        } else {
            self.init(path: file)
        }
    }

    fileprivate init(_ settings: Settings) throws(SettingsError) {
        guard let path = try settings.string("data_path") else {
            throw settings.error("data_path", "is missing: the .yml, .jsonl or .json file of the data")
        }
        self.init(path: Training.path(path, writtenIn: settings.file))
        maximumTextTokens = try settings.int("maximum_text_tokens", atLeast: 1, or: maximumTextTokens)
        usesChatTemplate = try settings.bool("use_chat_template") ?? usesChatTemplate
        promptDropout = try settings.double("prompt_dropout_prob", in: 0...1, or: promptDropout)
        referenceDropout = try settings.double("ref_img_dropout_prob", in: 0...1, or: referenceDropout)
        maximumOutputPixels = try settings.int("max_output_pixels", atLeast: 256, or: maximumOutputPixels)
        maximumInputPixels = try settings.ints("max_input_pixels") ?? maximumInputPixels
        guard !maximumInputPixels.isEmpty, maximumInputPixels.allSatisfy({ $0 >= 256 }) else {
            throw settings.error("max_input_pixels", "must be numbers of 256 or more")
        }
        maximumSide = try settings.int("max_side_length", atLeast: 16, or: maximumSide)
    }
}

extension AutoencoderLoss.Options {
    fileprivate init(_ settings: Settings) throws(SettingsError) {
        self.init()
        let word = try settings.word(
            "reconstruction", among: AutoencoderLoss.Reconstruction.allCases.map(\.rawValue),
            or: reconstruction.rawValue)
        reconstruction = AutoencoderLoss.Reconstruction(rawValue: word) ?? reconstruction
        gradientWeight = try settings.double("gradient_weight", in: 0...1e6, or: gradientWeight)
        divergenceWeight = try settings.double("kl_weight", in: 0...1e6, or: divergenceWeight)
    }
}

extension TimestepSampling {
    fileprivate init(_ settings: Settings, _ data: DataOptions) throws(SettingsError) {
        let names = Distribution.allCases.map(\.rawValue)
        let distribution = try settings.word("snr_type", among: names, or: Distribution.logNormal.rawValue)
        let version = try settings.word("time_shift_version", among: ShiftVersion.allCases.map(\.rawValue), or: "v1")
        let shifts = try settings.bool("do_shift") ?? true
        let isDynamic = try settings.bool("dynamic_time_shift") ?? true
        // Without it the shift is that of the largest picture, in the original's patches of 16 pixels.
        let tokens = isDynamic ? nil : data.maximumOutputPixels / 256
        self.init(
            Distribution(rawValue: distribution) ?? .logNormal,
            shift: shifts ? Shift(ShiftVersion(rawValue: version) ?? .exponential, tokens: tokens) : nil)
    }
}

extension AdamW.Options {
    fileprivate init(_ settings: Settings) throws(SettingsError) {
        self.init()
        beta1 = try settings.double("adam_beta1", in: 0...0.999999, or: beta1)
        beta2 = try settings.double("adam_beta2", in: 0...0.999999, or: beta2)
        decay = try settings.double("adam_weight_decay", in: 0...1e9, or: decay)
        epsilon = try settings.double("adam_epsilon", in: 1e-30...1, or: epsilon)
    }
}

extension LearningRateSchedule {
    fileprivate init(_ settings: Settings) throws(SettingsError) {
        guard let rate = try settings.double("learning_rate"), rate > 0 else {
            throw settings.error("learning_rate", "must be there and above 0")
        }
        self.init(rate: rate)
        warmUp = try settings.int("warmup_t", atLeast: 0, or: 500)
        warmUpStart = try settings.double("warmup_lr_init", in: 0...1e9, or: 1e-18)
        warmUpIsPrefix = try settings.bool("warmup_prefix") ?? true
        let names = ["timm_constant_with_warmup", "timm_cosine"]
        guard try settings.word("lr_scheduler", among: names, or: names[0]) == "timm_cosine" else { return }
        guard let length = try settings.int("t_initial"), length > 0 else {
            throw settings.error("t_initial", "must be there and above 0: the steps of the cosine")
        }
        shape = .cosine(
            length: length, minimum: try settings.double("lr_min", in: 0...1e9, or: 0),
            cycleDecay: try settings.double("cycle_decay", in: 0...1, or: 1))
    }
}

extension LowRankOptions {
    /// `nil` unless `lora_ft` asks for an adapter.
    fileprivate init?(settings: Settings) throws(SettingsError) {
        let isWanted = try settings.bool("lora_ft") ?? false
        self.init(rank: try settings.int("lora_rank", atLeast: 1, or: 8))
        alpha = try settings.double("lora_alpha", in: 1e-9...1e9, or: Double(rank))
        dropout = try settings.double("lora_dropout", in: 0...0.999, or: 0)
        targets = try settings.strings("lora_target_modules") ?? targets
        guard isWanted else { return nil }
    }
}

extension TrainingOptions.RunOptions {
    fileprivate init(_ train: Settings, _ validation: Settings, _ logger: Settings) throws(SettingsError) {
        self.init()
        batchSize = try train.int("batch_size", atLeast: 1, or: batchSize)
        accumulationSteps = try train.int("gradient_accumulation_steps", atLeast: 1, or: accumulationSteps)
        guard batchSize <= 1 << 20, accumulationSteps <= 1 << 20 else {
            throw train.error("batch_size", "and gradient_accumulation_steps must be at most \(1 << 20)")
        }
        steps = try train.int("max_train_steps", atLeast: 1, or: steps)
        // What the original spreads over processes is accumulated here.
        if let whole = try train.int("global_batch_size") {
            guard whole > 0, whole % (batchSize * accumulationSteps) == 0 else {
                throw train.error(
                    "global_batch_size",
                    "must be a multiple of batch_size times gradient_accumulation_steps, "
                        + "\(batchSize * accumulationSteps), got \(whole)")
            }
            accumulationSteps = whole / batchSize
        }
        checkpointInterval = try logger.int("checkpointing_steps", atLeast: 1, or: checkpointInterval)
        if logger.has("checkpoints_total_limit") {
            checkpointLimit = try logger.int("checkpoints_total_limit", atLeast: 1, or: 1)
        }
        writesTensorBoard = try logger.strings("log_with")?.contains("tensorboard") ?? false
        sampleInterval = try validation.int("train_visualization_steps", atLeast: 0, or: 0)
    }
}

extension SampleOptions {
    fileprivate init(_ settings: Settings) throws(SettingsError) {
        self.init()
        count = try settings.int("num_train_visualization_samples", atLeast: 1, or: count)
        // The names of the options of the original's `inference.py`.
        steps = try settings.int("num_inference_step", atLeast: 1, or: steps)
        guard steps <= GenerationRequest.maximumSteps else {
            throw settings.error(
                "num_inference_step", "must be at most \(GenerationRequest.maximumSteps), got \(steps)")
        }
        textGuidance = try settings.double("text_guidance_scale", in: 0...1e3, or: textGuidance)
        imageGuidance = try settings.double("image_guidance_scale", in: 0...1e3, or: imageGuidance)
    }
}
