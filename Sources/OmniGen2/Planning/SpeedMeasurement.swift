import Diffusion
import Layers
import QwenVL
import Torch

/// Measures single layers of a model's size, with weights of zeros, so that nothing of the model need be read. For the published size it
/// takes about a second and a half.
struct SpeedMeasurement {
    let folder: ModelFolder
    let dtype: DType
    let device: Device

    /// Tokens of a small and a large run.
    private static let tokens = (few: 128, many: 768)
    private static let textTokens = (few: 32, many: 128)
    /// Sides of square pictures in pixels.
    private static let sides = (few: 64, many: 128)
    private static let attentionTokens = 2048
    private static let autoencoderAttentionTokens = 1024
    private static let packedRows = 512
    /// What takes less is measured again, and the shorter time counts: the first run of a shape is slower.
    private static let shortTime = 0.5
    private static let bytesToRead = 32 << 20

    func callAsFunction() throws -> MachineSpeed {
        let start = ProcessAge.seconds()
        let transformer = try folder.transformerConfiguration()
        let attention = try rate(transformer.headCount, transformer.keyValueHeadCount, transformer.headSize)
        let (encoder, decoder, autoencoderAttention) = try autoencoder()
        let block = try block(transformer, attentionRate: attention)
        let language = try languageLayer()
        let packing = try packingRate(transformer.hiddenSize)
        let reading = try PageCache.readingRate(folder.tensors(.transformer).files.first?.path, Self.bytesToRead)
        FreedMemory.giveBack()
        return MachineSpeed(
            block: block, attentionRate: attention, languageLayer: language, encoder: encoder, decoder: decoder,
            autoencoderAttentionRate: autoencoderAttention, packingRate: packing, readingRate: reading, start: start,
            programBytes: ProcessMemory.resident())
    }

    private func weights(_ part: ModelFolder.Part) throws -> Weights {
        let source = ZeroSource(dtype)
        return Weights(source, dtype: dtype, device: device, storage: try folder.storage(part, dtype, device))
    }

    /// Seconds of `body`, its result included.
    private func seconds(_ body: () throws -> Tensor) throws -> Double {
        func once() throws -> Double {
            let clock = ContinuousClock()
            let duration = try clock.measure {
                // The device may still be at it when the call returns.
                _ = try body().selected(0, 0).to(.cpu)
            }
            return duration.seconds
        }
        let first = try once()
        return first < Self.shortTime ? min(first, try once()) : first
    }

    /// Numbers around zero: attention to nothing but zeros is faster than any other.
    private func numbers(_ shape: [Int]) throws -> Tensor {
        let values = (0..<shape.reduce(1, *)).map { Float($0 &* 7919 % 251) / 125 - 1 }
        return try Tensor(values, shape).to(dtype).to(device)
    }

    /// Operations a second of attention.
    private func rate(_ heads: Int, _ keyValueHeads: Int, _ headSize: Int) throws -> Double {
        let count = Self.attentionTokens
        let query = try numbers([1, count, heads, headSize])
        let key = try numbers([1, count, keyValueHeads, headSize])
        let inBytes = try PackedForm.Numbers(folder.storage(.transformer, dtype, device), dtype).isInBytes
        let seconds = try seconds { try attention(query, key, key, lengths: [count], inBytes: inBytes) }
        return attentionOperations(count, count, width: heads * headSize) / max(seconds, 1e-9)
    }

    private func block(_ configuration: TransformerConfiguration, attentionRate: Double) throws -> LayerSpeed {
        let stack = try TransformerStack(weights(.transformer)["layers"], 1, configuration)
        let time = try Tensor.zeros([1, configuration.timeSize], dtype: dtype, device: device)
        let modulation = try stack.modulate(time)
        func seconds(_ count: Int) throws -> (Int, Double) {
            let x = try numbers([count, configuration.hiddenSize])
            let angles = [Double](repeating: 0, count: count * configuration.headSize / 2)
            let positions = try RotaryPositions(angles: angles, rows: count, device: device)
            let tokens = PackedTokens(x, lengths: [count])
            let all = try self.seconds { try stack(tokens, positions, modulation).tokens }
            let attention = attentionOperations(count, count, width: configuration.hiddenSize) / attentionRate
            return (count, max(all - attention, 0))
        }
        let (few, many) = try (seconds(Self.tokens.few), seconds(Self.tokens.many))
        return LayerSpeed(few: few, many: many)
    }

    private func languageLayer() throws -> LayerSpeed {
        var configuration = try folder.languageModelConfiguration()
        (configuration.layerCount, configuration.vocabularySize) = (1, 1)
        let model = try LanguageModel(weights(.mllm), configuration)
        func seconds(_ count: Int) throws -> (Int, Double) {
            let x = try numbers([count, configuration.hiddenSize])
            let tokens = PackedTokens(x, lengths: [count])
            let positions = MultimodalPosition.text(0..<count)
            return (count, try self.seconds { try model(tokens, positions).tokens })
        }
        let (few, many) = try (seconds(Self.textTokens.few), seconds(Self.textTokens.many))
        return LayerSpeed(few: few, many: many)
    }

    private func autoencoder() throws -> (encoder: LayerSpeed, decoder: LayerSpeed, attentionRate: Double) {
        let configuration = try folder.autoencoderConfiguration()
        let model = try Autoencoder(weights(.vae), configuration)
        func pixels(_ channels: Int, _ side: Int) throws -> Tensor {
            try Tensor.zeros([1, channels, side, side], dtype: dtype, device: device)
        }
        func encoding(_ side: Int) throws -> (Int, Double) {
            let picture = try pixels(configuration.inChannels, side)
            return (side * side, try seconds { try model.encode(picture).mean })
        }
        func decoding(_ side: Int) throws -> (Int, Double) {
            let latents = try pixels(configuration.latentChannels, side / configuration.scaleFactor)
            return (side * side, try seconds { try model.decode(latents) })
        }
        let sides = Self.sides
        let decoder = LayerSpeed(few: try decoding(sides.few), many: try decoding(sides.many))
        let encoder = LayerSpeed(few: try encoding(sides.few), many: try encoding(sides.many))
        let (count, width) = (Self.autoencoderAttentionTokens, configuration.blockOutChannels.last ?? 1)
        let head = try numbers([1, count, 1, width])
        let taken = try seconds { try attention(head, head, head) }
        return (encoder, decoder, attentionOperations(count, count, width: width) / max(taken, 1e-9))
    }

    /// Numbers a second that are packed as the transformer's are; without end where they are not packed.
    private func packingRate(_ width: Int) throws -> Double {
        let storage = try folder.storage(.transformer, dtype, device)
        guard storage != .dense, device == .cpu else { return .greatestFiniteMagnitude }
        let form = PackedForm(
            outputs: Self.packedRows, inputs: width, numbers: PackedForm.Numbers(storage, dtype), isGated: false)
        let weight = try PackedWeight(form)
        // Not zeros: the best scale of rounded numbers is searched for.
        let values = try Tensor((0..<form.outputs * width).map { Float($0 % 251) - 125 }, [form.outputs, width])
            .to(form.dtype)
        let clock = ContinuousClock()
        let duration = try clock.measure { try weight.pack(values.mutableData(), rows: 0..<form.outputs) }
        return Double(values.count) / max(duration.seconds, 1e-9)
    }
}
