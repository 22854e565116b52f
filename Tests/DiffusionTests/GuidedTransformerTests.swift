import Layers
import Testing
import Torch

@testable import Diffusion

/// Sums in another order, and rotary positions at another offset.
private let savingTolerance: Float = 1e-5

/// A task as the savings see it: how many references, how many pictures.
struct SavingCase: Sendable, CustomTestStringConvertible {
    let name: String
    let references: [[Int]]
    let count: Int
    let branches: [Guidance.Branch]
    var testDescription: String { name }

    static let all = [
        SavingCase(name: "t2i", references: [], count: 2, branches: [.conditional, .unconditional]),
        SavingCase(
            name: "edit", references: [[4, 6]], count: 1, branches: [.conditional, .reference, .unconditional]),
        SavingCase(
            name: "two references", references: [[4, 4], [6, 2]], count: 2,
            branches: [.conditional, .reference, .unconditional]),
    ]
}

@Suite struct GuidedTransformerTests {
    private static let times: [Float] = [0, 0.3, 0.8]

    @Engine
    private struct Scene {
        let model: Transformer
        let references: [Tensor]
        let text, negative: Tensor
        let latents: [Tensor]

        init(_ item: SavingCase) throws {
            model = try Transformer(Weights(LivelySource()), tinyTransformerConfiguration())
            references = try item.references.enumerated().map { try noise([4, $1[0], $1[1]], 10 + UInt64($0)) }
            (text, negative) = (try noise([5, 16], 1), try noise([9, 16], 2))
            latents = try times.indices.map { try noise([item.count, 4, 4, 6], 20 + UInt64($0)) }
        }

        /// One forward of the plain model for a branch.
        func plain(_ branch: Guidance.Branch, step: Int) throws -> Tensor {
            let latents = self.latents[step]
            return try Tensor.stacked(
                model(
                    (0..<latents.size(0)).map {
                        Transformer.Sample(
                            latent: try latents.selected(0, $0), references: branch == .unconditional ? [] : references,
                            text: branch == .conditional ? text : negative, timestep: times[step])
                    }))
        }

        func guided(_ state: DenoisingState) throws -> GuidedTransformer {
            try GuidedTransformer(
                model, text: text, negativeText: negative, references: references, latents: latents[0],
                timesteps: times, state: state)
        }
    }

    @Test(arguments: SavingCase.all)
    func sharingEqualsAPlainForwardForEachBranch(item: SavingCase) async throws {
        try await withEngine {
            let scene = try Scene(item)
            let state = DenoisingState()
            let guided = try scene.guided(state)
            for step in Self.times.indices {
                let shared = try guided(scene.latents[step], step: step, of: 3, item.branches, state)
                for (branch, velocity) in zip(item.branches, shared) {
                    let difference = try largestDifference(velocity, scene.plain(branch, step: step))
                    #expect(difference < savingTolerance, "\(branch) at step \(step)")
                }
            }
            let forwards = state.forwards
            print("\(item.name): \(forwards.ran) of \(forwards.plain) block forwards, \(forwards.saved) saved")
            #expect(forwards == Self.expected(item))
        }
    }

    /// One block in each refiner and two layers, three steps.
    private static func expected(_ item: SavingCase) -> BlockForwards {
        let (pictures, branches, references) = (item.count, item.branches.count, item.references.count)
        let seeing = references > 0 ? branches - 1 : 0
        var forwards = BlockForwards()
        // Two texts once; then noise once a picture, references once, and two layers a branch and picture.
        forwards.ran(2 + 3 * (pictures + references + 2 * branches * pictures))
        forwards.planned(3 * pictures * (branches * (1 + 1 + 2) + seeing * references))
        return forwards
    }

    @Test func branchesThatAreLeftOutDoNotDisturbTheRest() async throws {
        try await withEngine {
            let scene = try Scene(SavingCase.all[1])
            let state = DenoisingState()
            let guided = try scene.guided(state)
            let all = try guided(scene.latents[1], step: 1, of: 3, [.conditional, .reference, .unconditional], state)
            let one = try guided(scene.latents[1], step: 1, of: 3, [.conditional], state)
            let difference = try largestDifference(all[0], one[0])
            #expect(one.count == 1 && difference < savingTolerance)
        }
    }

    @Test func aTeaCacheThatNeverSkipsChangesNoBit() async throws {
        try await withEngine {
            let scene = try Scene(SavingCase.all[1])
            @Engine func run(_ cache: StepCacheKind) throws -> [[Float]] {
                let state = DenoisingState(cache: cache)
                let guided = try scene.guided(state)
                return try Self.times.indices.map { step in
                    try guided(scene.latents[step], step: step, of: 3, [.conditional], state)[0].floats()
                }
            }
            let plain = try run(.none)
            let eager = try run(.teaCache(threshold: 0))
            let lazy = try run(.teaCache(threshold: 1000))
            #expect(eager == plain)
            // The first and the last step are always computed.
            #expect(lazy[0] == plain[0] && lazy[1] != plain[1] && lazy[2] == plain[2])
        }
    }
}
