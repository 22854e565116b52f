/// What a run keeps from step to step: the step cache of each guidance branch, and the count of forwards.
package final class DenoisingState {
    private let kind: StepCacheKind
    private var caches: [Guidance.Branch: any StepCache] = [:]
    package internal(set) var forwards = BlockForwards()
    /// The branches whose layers ran at the last step.
    package internal(set) var computed: Set<Guidance.Branch> = []

    package init(cache: StepCacheKind = .none) { kind = cache }

    /// The cache of a branch, made when the branch is first seen.
    package func cache(_ branch: Guidance.Branch) -> (any StepCache)? {
        if let cache = caches[branch] { return cache }
        caches[branch] = kind.makeCache()
        return caches[branch]
    }
}

/// How many blocks ran, each on one sequence, and how many one plain forward a branch and step would have run.
package struct BlockForwards: Equatable, Sendable {
    package private(set) var ran = 0
    package private(set) var plain = 0

    package var saved: Int { plain - ran }

    mutating func ran(_ count: Int) { ran += count }
    mutating func planned(_ count: Int) { plain += count }
}
