import Imaging
import OmniGen2

/// Reads the pictures of samples in sizes that a model takes.
package struct PictureReader {
    private let options: DataOptions
    /// What the sides must be multiples of.
    private let multiple: Int

    package init(_ options: DataOptions, multiple: Int) {
        self.options = options
        self.multiple = multiple
    }

    /// The picture to be drawn.
    package func output(_ sample: TrainingSample) throws(SampleError) -> Image {
        guard let path = sample.outputImage else {
            throw SampleError(origin: sample.origin, reason: "output_image is missing: there is no picture to learn")
        }
        return try image(path, options.maximumOutputPixels, sample)
    }

    package func inputs(_ sample: TrainingSample) throws(SampleError) -> [Image] {
        let limit = options.maximumInputPixels(of: sample.inputImages.count)
        var images: [Image] = []
        for path in sample.inputImages { images.append(try image(path, limit, sample)) }
        return images
    }

    private func image(_ path: String, _ maximumPixels: Int, _ sample: TrainingSample) throws(SampleError) -> Image {
        do throws(ImageError) {
            let image = try Image(contentsOf: path)
            let size = PictureSize(width: image.width, height: image.height)
                .fitted(maxPixels: maximumPixels, maxSide: options.maximumSide, multiple: multiple)
            if size.width > 0, size.height > 0 { return try image.resized(width: size.width, height: size.height) }
        } catch {
            throw SampleError(origin: sample.origin, reason: "\(error)")
        }
        throw SampleError(origin: sample.origin, reason: "\(path) is too small or too narrow")
    }
}
