import Diffusion
import Layers
import QwenVL
import Torch

extension CheckpointConversion {
    /// Name of the file of packed weights in a part's folder.
    private static let packedFile = "packed.safetensors"

    /// Writes a part as kernels read it: the weights of linear layers packed, in the order in which the model takes them,
    /// then all other tensors in bf16. The model itself says which is which: it is built of weights without numbers, and what it
    /// asks for is written one by one.
    ///
    /// - Parameter samples: what the model computes with first, so that its weights are rounded for it; `nil` rounds each
    ///   number to the nearest.
    @Engine
    func pack(
        _ part: ModelFolder.Part, _ storage: WeightStorage, to folder: AtomicFolder, samples: CalibrationSamples?,
        _ progress: @escaping (Progress) -> Void
    ) throws {
        let checkpoint = try model.checkpoint(part).source()
        let calibrator = samples.map { samples in
            Calibrator(checkpoint) { loss in
                try Task.checkCancellation()
                samples.report(.rounded(part, loss))
            }
        }
        let source = PackingSource(checkpoint, calibrator: calibrator)
        let weights = Weights(source, dtype: .bfloat16, storage: storage)
        switch part {
        case .transformer:
            let transformer = try Transformer(weights, model.transformerConfiguration())
            try samples?.compute(transformer)
        case .mllm:
            let configuration = try model.languageModelConfiguration()
            let languageModel = try LanguageModel(weights, configuration)
            try languageModel.prepareHead()
            let tower = try VisionTower(weights["visual"], configuration.vision, pixelRange: model.pixelRange())
            try samples?.compute(languageModel, tower)
        case .vae: return
        }
        let path = "\(try folder.folder(part.rawValue))/\(Self.packedFile)"
        let metadata = ["format": "pt", PackedSource.metadataKey: storage.rawValue]
        var packed = source.packed
        try folder.report {
            while true {
                var loose: [Int] = []
                let tensors = tensors(packed, source.dense, of: checkpoint, isLoose: { loose.append($0) }) {
                    progress(Progress(part: part, tensors: $0, of: $1))
                }
                try SafetensorsWriter.write(tensors, metadata: metadata, order: .given, to: path)
                if loose.isEmpty { return }
                for index in loose { packed[index] = packed[index].loose }
            }
        }
        try writeConfiguration(part, .bfloat16, to: folder)
    }

    /// What is to be written, each packed or read when it is its turn.
    ///
    /// - Parameter isLoose: told the index of a weight whose numbers are not to be had in 12 bits, which the file's header
    ///   has promised: the file is to be written again.
    private func tensors(
        _ packed: [PackingSource.Packed], _ dense: [(name: String, shape: [Int])], of checkpoint: any WeightSource,
        isLoose: @escaping (Int) -> Void, _ progress: @escaping (_ done: Int, _ of: Int) -> Void
    ) -> [SafetensorsWriter.Tensor] {
        var done = 0
        func willWrite() throws {
            try Task.checkCancellation()
            done += 1
            progress(done, packed.count + dense.count)
        }
        return packed.enumerated().map { index, request in
            SafetensorsWriter.Tensor(name: request.name, elementType: .uint8, shape: [request.byteCount]) { body in
                try willWrite()
                let weight = try request.pack()
                if weight.form != request.form { isLoose(index) }
                try withExtendedLifetime(weight) {
                    try body(UnsafeRawBufferPointer(rebasing: weight.bytes.prefix(request.byteCount)))
                }
            }
        }
            + dense.map { tensor in
                SafetensorsWriter.Tensor(name: tensor.name, elementType: .bfloat16, shape: tensor.shape) { body in
                    try willWrite()
                    defer { checkpoint.releaseMemory(of: tensor.name) }
                    try checkpoint.tensor(tensor.name, tensor.shape, initial: .zeros)?.to(.bfloat16).withBytes(body)
                }
            }
    }
}
