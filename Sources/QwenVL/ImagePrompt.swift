import Imaging
import Layers
import Torch

/// What the vision tower saw in one picture: computed once, used in any number of prompts.
package final class ImageFeatures {
    package let tokens: Tensor  // [N, D]
    /// Rows and columns of the tokens.
    package let grid: PatchGrid

    package init(tokens: Tensor, grid: PatchGrid) {
        self.tokens = tokens
        self.grid = grid
    }
}

extension VisionTower {
    /// Features of a picture.
    ///
    /// - Throws: for a picture whose sides differ by more than 200 times.
    package func features(_ image: Image, device: Device) throws -> ImageFeatures {
        let patches = try ImageProcessor(configuration, pixelRange: pixelRange).patches([image])
        let tokens = try self(patches.tensor().to(device), patches.grids)
        return ImageFeatures(tokens: tokens, grid: patches.grids[0].merged(configuration.mergeSize))
    }
}

/// A rendered conversation as the language model reads it: ids, with a slot for each token of its pictures, and where
/// each token stands.
///
/// Source: `Qwen2_5_VLProcessor.__call__` and `get_rope_index` of `transformers` 4.51.3.
package struct ImagePrompt {
    package let ids: [Int]
    package let positions: [MultimodalPosition]
    package let images: [ImageFeatures]
    /// For each token the picture it belongs to, nil for text.
    package let imageOfToken: [Int?]

    /// - Parameters:
    ///   - text: rendered, with one image pad for each picture.
    ///   - images: in the order of their pads.
    /// - Throws: `ChatTemplateError` or `LanguageModelError.input` when pads and pictures do not match.
    package init(
        _ text: String, images: [ImageFeatures] = [], _ tokenizer: Tokenizer,
        _ configuration: LanguageModelConfiguration
    ) throws {
        try self.init(ids: Self.ids(text, images: images, tokenizer), images: images, configuration)
    }

    /// - Parameters:
    ///   - ids: with a slot for each token of the pictures.
    ///   - images: in the order of their slots.
    /// - Throws: `LanguageModelError.input` when slots and pictures do not match.
    package init(ids: [Int], images: [ImageFeatures], _ configuration: LanguageModelConfiguration) throws {
        self.ids = ids
        positions = try MultimodalPosition.positions(
            ids, grids: images.map(\.grid), imageTokenID: configuration.imageTokenID)
        self.images = images
        var slots = images.indices.flatMap { Array(repeating: $0, count: images[$0].grid.count) }[...]
        imageOfToken = ids.map { $0 == configuration.imageTokenID ? slots.popFirst() : nil }
    }

    /// Ids of a rendered text, with a slot for each token of its pictures.
    package static func ids(_ text: String, images: [ImageFeatures], _ tokenizer: Tokenizer) throws -> [Int] {
        tokenizer.encode(try ChatTemplate.expandImagePads(in: text, tokensPerImage: images.map(\.grid.count)))
    }

    /// What the first layer reads for the tokens from `start` on, [count - start, D].
    package func embeddings(from start: Int = 0, _ model: LanguageModel) throws -> Tensor {
        let features = images.isEmpty ? nil : try Tensor.concatenated(images.map(\.tokens), 0)
        let all = try model.embed(ids, images: features)
        return start == 0 ? all : try all.narrowed(0, start..<ids.count)
    }
}
