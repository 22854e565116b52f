import Diffusion
import Layers
import QwenVL
import Torch

/// Cross-entropy of the tokens to be learnt, each from those before it and from the pictures among them.
///
/// Source: `Qwen2_5_VLForConditionalGeneration.forward` of `transformers` 4.51.3 with `labels`; there all counted tokens
/// weigh the same.
package struct LanguageModelLoss: Loss {
    /// A conversation whose pictures are patches.
    package struct Sample {
        package let ids: [Int]
        /// What each token counts; the first has nothing before it and never does.
        package let weights: [Float]
        /// [patches, patch values] of all its pictures, with their grids.
        package let patches: Tensor?
        package let grids: [PatchGrid]

        package init(ids: [Int], weights: [Float], patches: Tensor? = nil, grids: [PatchGrid] = []) {
            self.ids = ids
            self.weights = weights
            self.patches = patches
            self.grids = grids
        }

        /// Tokens that are learnt, by place.
        fileprivate var targets: [Int] { ids.indices.dropFirst().filter { weights[$0] > 0 } }
    }

    package let configuration: LanguageModelConfiguration

    package init(_ configuration: LanguageModelConfiguration) { self.configuration = configuration }

    /// Of those tokens that count whole: the cross-entropy, and the share whose most probable token is the right one.
    package var measureNames: [String] { ["answer", "accuracy"] }

    package func callAsFunction(
        _ weights: Weights, _ batch: [Sample], _ generators: Generators, _ execution: any BlockExecution
    ) throws -> LossTerms {
        let targets = batch.flatMap { sample in sample.targets.map { (id: sample.ids[$0], weight: sample.weights[$0]) }
        }
        guard !targets.isEmpty else { throw TrainingError.batch("a batch must hold a token to learn") }
        let logits = try self.logits(weights, batch)
        let wanted = try Tensor(targets.map(\.id), [targets.count]).to(logits.device)
        let losses = try logits.crossEntropy(wanted)
        let counts = try Tensor(targets.map(\.weight), [targets.count]).to(logits.device)
        return LossTerms(
            sum: try (losses * counts).sum(), count: targets.count,
            measures: try measures(targets.map { $0.weight == 1 }, losses, logits, targets.map(\.id)))
    }

    /// Scores of every token that is learnt, [N, vocabulary], float32.
    package func logits(_ weights: Weights, _ batch: [Sample]) throws -> Tensor {
        let model = try LanguageModel(weights, configuration)
        let ids = batch.flatMap(\.ids)
        let embeddings = try model.embed(ids, images: features(weights, batch))
        let positions = try batch.flatMap { sample in
            try MultimodalPosition.positions(
                sample.ids, grids: sample.grids.map { $0.merged(configuration.vision.mergeSize) },
                imageTokenID: configuration.imageTokenID)
        }
        let states = try model(PackedTokens(embeddings, lengths: batch.map(\.ids.count)), positions)
        let before = zip(states.ranges, batch).flatMap { range, sample in
            sample.targets.map { range.lowerBound + $0 - 1 }
        }
        let rows = try Tensor(before, [before.count]).to(embeddings.device)
        return try model.logits(states.tokens.gathered(0, rows)).to(.float32)
    }

    /// What the vision tower makes of the batch's pictures; it is read even where there are none.
    private func features(_ weights: Weights, _ batch: [Sample]) throws -> Tensor? {
        let tower = try VisionTower(weights["visual"], configuration.vision)
        let patches = batch.compactMap(\.patches)
        if patches.isEmpty { return nil }
        return try tower(Tensor.concatenated(patches, 0), batch.flatMap(\.grids))
    }

    private func measures(_ counts: [Bool], _ losses: Tensor, _ logits: Tensor, _ ids: [Int]) throws -> [Measure] {
        let losses = try losses.detached().floats()
        let best = try logits.detached().indexOfLargest().ints()
        var measures = [Measure(), Measure()]
        for index in counts.indices where counts[index] {
            measures[0].sum += Double(losses[index])
            measures[1].sum += best[index] == ids[index] ? 1 : 0
            measures[0].count += 1
            measures[1].count += 1
        }
        return measures
    }
}
