import Torch

/// What a language model remembers of a conversation, so that the next turn reads only what is new.
package final class TextState {
    /// Tokens of the prompts and replies so far; the last one may not be read yet.
    package private(set) var ids: [Int] = []
    let cache: KeyValueCache
    private var positions: [MultimodalPosition] = []
    private var images: [ImageFeatures?] = []
    private var nextPosition = 0

    package init(_ configuration: LanguageModelConfiguration) {
        cache = KeyValueCache(layerCount: configuration.layerCount)
    }

    /// Forgets the tokens from `length` on.
    package func truncate(to length: Int) {
        guard length < ids.count else { return }
        let removed = ids.count - max(0, length)
        ids.removeLast(removed)
        positions.removeLast(removed)
        images.removeLast(removed)
        cache.truncate(to: ids.count)
        nextPosition = ids.count + MultimodalPosition.delta(positions)
    }

    /// Takes over a prompt's tokens; keeps what the model has read of the same beginning.
    ///
    /// - Returns: how many tokens need not be read again; at least one is left.
    func begin(_ prompt: ImagePrompt) -> Int {
        let limit = min(cache.count, prompt.ids.count - 1)
        let same = (0..<max(0, limit)).first { index in
            ids[index] != prompt.ids[index] || positions[index] != prompt.positions[index]
                || images[index] !== prompt.imageOfToken[index].map { prompt.images[$0] }
        }
        let kept = same ?? max(0, limit)
        truncate(to: kept)
        ids += prompt.ids[kept...]
        positions += prompt.positions[kept...]
        images += prompt.imageOfToken[kept...].map { index in index.map { prompt.images[$0] } }
        nextPosition = ids.count + MultimodalPosition.delta(positions)
        return kept
    }

    /// Adds a generated token.
    ///
    /// - Returns: where it stands.
    func append(_ id: Int) -> MultimodalPosition {
        let position = MultimodalPosition(time: nextPosition, row: nextPosition, column: nextPosition)
        ids.append(id)
        positions.append(position)
        images.append(nil)
        nextPosition += 1
        return position
    }
}
