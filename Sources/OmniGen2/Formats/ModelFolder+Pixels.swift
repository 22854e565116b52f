import QwenVL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ModelFolder {
    /// Pixels a picture is brought within for the vision tower, as `preprocessor_config.json` says.
    ///
    /// Source: `Qwen2VLImageProcessor` of `transformers` 4.51.3. A folder without the file is taken for the published one.
    package func pixelRange() throws -> ClosedRange<Int> {
        struct Preprocessor: Decodable {
            struct Size: Decodable {
                let shortest_edge: Int?
                let longest_edge: Int?
            }
            let min_pixels: Int?
            let max_pixels: Int?
            let size: Size?
        }
        let file = processorFolder + "/preprocessor_config.json"
        let standard = ImageProcessor.defaultPixelRange
        guard let data = FileManager.default.contents(atPath: file) else { return standard }
        let said: Preprocessor
        do {
            said = try JSONDecoder().decode(Preprocessor.self, from: data)
        } catch let error as DecodingError {
            throw GenerationError.model("\(file): \(error.explanation)")
        }
        let least = said.min_pixels ?? said.size?.shortest_edge ?? standard.lowerBound
        let most = said.max_pixels ?? said.size?.longest_edge ?? standard.upperBound
        guard least >= 1, most >= least, most <= Int(Int32.max) else {
            throw GenerationError.model(
                "\(file): min_pixels and max_pixels must be positive and in order, got \(least) and \(most)")
        }
        return least...most
    }
}
