import Layers
import Torch

/// What a timestep does to a block: scales before, gates behind attention and feed-forward. Each [R, D].
///
/// Source: `LuminaRMSNormZero` of `omnigen2/models/transformers/block_lumina2.py`.
package struct Modulation {
    package let attentionScale, attentionGate, feedForwardScale, feedForwardGate: Tensor

    init(_ linear: Linear, _ time: Tensor) throws { try self.init(linear(time.silu())) }

    /// - Parameter table: [R, 4 D].
    private init(_ table: Tensor) throws {
        let parts = try table.chunks(4, 1)
        (attentionScale, attentionGate, feedForwardScale, feedForwardGate) = (parts[0], parts[1], parts[2], parts[3])
    }

    /// One row of each part.
    func row(_ index: Int) throws -> Modulation {
        let range = index..<index + 1
        return Modulation(
            attentionScale: try attentionScale.narrowed(0, range), attentionGate: try attentionGate.narrowed(0, range),
            feedForwardScale: try feedForwardScale.narrowed(0, range),
            feedForwardGate: try feedForwardGate.narrowed(0, range))
    }

    private init(attentionScale: Tensor, attentionGate: Tensor, feedForwardScale: Tensor, feedForwardGate: Tensor) {
        self.attentionScale = attentionScale
        self.attentionGate = attentionGate
        self.feedForwardScale = feedForwardScale
        self.feedForwardGate = feedForwardGate
    }
}

/// The modulation of every block at every time of a schedule. It depends on nothing else, so it is computed before the
/// first step: each of the modulation's weights, a tenth of the model, is read once a picture and not once a step.
struct ModulationTable {
    private let noiseRefiner, referenceRefiner, layers: [Modulation]
    private let outputScale: Tensor  // [S, D]

    init(_ model: Transformer, timesteps: [Float]) throws {
        let time = try model.timeCaption.time(timesteps)  // [S, timeSize]
        noiseRefiner = try model.noiseRefiner.modulate(time)
        referenceRefiner = try model.referenceRefiner.modulate(time)
        layers = try model.layers.modulate(time)
        outputScale = try model.output.scale(time)
    }

    /// The rows of one step.
    struct Step {
        let noiseRefiner, referenceRefiner, layers: [Modulation]
        let outputScale: Tensor  // [1, D]
    }

    func step(_ index: Int) throws -> Step {
        Step(
            noiseRefiner: try noiseRefiner.map { try $0.row(index) },
            referenceRefiner: try referenceRefiner.map { try $0.row(index) },
            layers: try layers.map { try $0.row(index) },
            outputScale: try outputScale.narrowed(0, index..<index + 1))
    }
}
