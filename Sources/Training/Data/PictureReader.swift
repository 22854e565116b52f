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

    /// A picture by its file and the size it may have.
    package struct Request: Hashable, Sendable {
        let path: String
        let maximumPixels: Int
    }

    /// The picture to be drawn.
    package func output(_ sample: TrainingSample) throws(SampleError) -> Image {
        try image(outputRequest(sample), of: sample)
    }

    package func inputs(_ sample: TrainingSample) throws(SampleError) -> [Image] {
        var images: [Image] = []
        for request in inputRequests(sample) { images.append(try image(request, of: sample)) }
        return images
    }

    func outputRequest(_ sample: TrainingSample) throws(SampleError) -> Request {
        guard let path = sample.outputImage else {
            throw SampleError(origin: sample.origin, reason: "output_image is missing: there is no picture to learn")
        }
        return Request(path: path, maximumPixels: options.maximumOutputPixels)
    }

    func inputRequests(_ sample: TrainingSample) -> [Request] {
        let limit = options.maximumInputPixels(of: sample.inputImages.count)
        return sample.inputImages.map { Request(path: $0, maximumPixels: limit) }
    }

    func image(_ request: Request, of sample: TrainingSample) throws(SampleError) -> Image {
        do throws(ImageError) {
            let image = try Image(contentsOf: request.path)
            let size = PictureSize(image)
                .fitted(maxPixels: request.maximumPixels, maxSide: options.maximumSide, multiple: multiple)
            if size.width > 0, size.height > 0 { return try image.resized(width: size.width, height: size.height) }
        } catch {
            throw SampleError(origin: sample.origin, reason: "\(error)")
        }
        throw SampleError(origin: sample.origin, reason: "\(request.path) is too small or too narrow")
    }
}
