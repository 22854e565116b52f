import Imaging
import Layers
import OmniGen2
import QwenVL
import Torch

extension Stage {
    /// Pictures to the vision tower's patches.
    static let preprocessing = Stage(
        name: "qwen_preprocess", files: ["qwen_preprocess.safetensors", "smart_resize.json"]
    ) { goldens in
        let file = "qwen_preprocess.safetensors"
        let configuration = try goldens.languageModelConfiguration().vision
        let pictured = goldens.cases(file).filter { goldens.has(file, "\($0).image_u8") }
        for name in goldens.cases(file) {
            let how = goldens.how(file, "\(name).image_grid_thw")
            let largest = how.firstRange(of: "max_pixels=").flatMap { range in
                Int(how[range.upperBound...].prefix(while: \.isNumber))
            }
            let smallest = ImageProcessor.defaultPixelRange.lowerBound
            let range = smallest...max(smallest, largest ?? ImageProcessor.defaultPixelRange.upperBound)
            // A case without a picture of its own takes the first pictures, one for each grid, in one call.
            let count = try goldens.recorded(file, "\(name).image_grid_thw").size(0)
            let sources = pictured.contains(name) ? [name] : Array(pictured.prefix(count))
            let images = try sources.map { try goldens.picture(file, "\($0).image_u8") }
            let patches = try ImageProcessor(configuration, pixelRange: range).patches(images)
            try goldens.check(file, "\(name).pixel_values", patches.tensor())
            try goldens.check(file, "\(name).image_grid_thw", patches.grids.flatMap { [1, $0.rows, $0.columns] })
        }
        if goldens.lists("smart_resize.json") { try checkSmartResize(goldens) }
    }

    private static func checkSmartResize(_ goldens: Goldens) throws {
        let file = "smart_resize.json"
        for (index, item) in (try goldens.json(file).array ?? []).enumerated() {
            let size = try? SmartResize(
                height: item["height"]?.int ?? 0, width: item["width"]?.int ?? 0, factor: item["factor"]?.int ?? 28,
                minimumPixels: item["min_pixels"]?.int ?? 0, maximumPixels: item["max_pixels"]?.int ?? 0)
            goldens.check(file, case: "\(index)", size.map { [$0.height, $0.width] } == item["result_hw"]?.ints)
        }
    }

    /// Reference pictures to tensors, tensors to pictures.
    static let images = Stage(
        name: "image_processor", files: ["image_processor.safetensors", "image_processor_sizes.json"]
    ) { goldens in
        let file = "image_processor.safetensors"
        for name in goldens.cases(file) {
            if goldens.has(file, "\(name).preprocessed") {
                try checkReference(goldens, file, name)
            } else if goldens.has(file, "\(name).u8") {
                let images = try PixelTensors.images(goldens.input(file, "\(name).input"))
                let record = try goldens.recorded(file, "\(name).u8")
                try goldens.check(file, "\(name).u8", Tensor(images.flatMap(\.pixels), record.shape))
            }
        }
        for name in goldens.names(file) where name.hasPrefix("interp_") {
            let source = try goldens.input(file, "interp.input")
            let record = try goldens.recorded(file, name)
            try goldens.check(file, name, source.bilinearResized(height: record.size(2), width: record.size(3)))
        }
        if goldens.has(file, "cli_u8_map") {
            try goldens.check(file, "cli_u8_map", (0..<256).map { scriptRoundTrip(UInt8($0)) })
        }
        if goldens.lists("image_processor_sizes.json") { try checkSizes(goldens) }
    }

    private static func checkReference(_ goldens: Goldens, _ file: String, _ name: String) throws {
        let numbers = goldens.how(file, "\(name).image_u8").split { !$0.isNumber }.compactMap { Int($0) }
        guard numbers.count == 2 else { throw ParityError("\(name): the description names no limits") }
        let image = try goldens.picture(file, "\(name).image_u8")
        let size = PictureSize(image).fitted(
            maxPixels: numbers[0], maxSide: numbers[1], multiple: GenerationRequest.sizeMultiple)
        let resized = try image.resized(width: size.width, height: size.height, filter: .lanczos)
        try goldens.check(file, "\(name).preprocessed", PixelTensors.tensor(resized))
    }

    /// What the original's script does to a pixel on its way to the file: to -1...1, to 0...1, cut to 8 bits.
    private static func scriptRoundTrip(_ level: UInt8) -> Int {
        let signed = Float(level) / 255 * 2 - 1
        return Int((signed * 0.5 + 0.5) * 255)
    }

    private static func checkSizes(_ goldens: Goldens) throws {
        let file = "image_processor_sizes.json"
        for (index, item) in (try goldens.json(file).array ?? []).enumerated() {
            let size = PictureSize(width: item["width"]?.int ?? 0, height: item["height"]?.int ?? 0).fitted(
                maxPixels: item["max_pixels"]?.int ?? 0, maxSide: item["max_side_length"]?.int ?? 0,
                multiple: GenerationRequest.sizeMultiple)
            let same = size.width == item["new_width"]?.int && size.height == item["new_height"]?.int
            goldens.check(file, case: "\(index)", same)
        }
    }
}

extension Goldens {
    /// A recorded picture, uint8 [H, W, 3].
    func picture(_ file: String, _ name: String) throws -> Image {
        let tensor = try input(file, name)
        return try Image(width: tensor.size(1), height: tensor.size(0), pixels: tensor.bytes())
    }
}
