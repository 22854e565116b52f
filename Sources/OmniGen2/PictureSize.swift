/// Width and height in pixels, and the two rules by which the original changes them.
package struct PictureSize: Hashable, Sendable {
    package let width: Int
    package let height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// The size a reference is brought to: within `maxPixels` and `maxSide`, never larger than it is, both sides
    /// rounded down to `multiple`. A side of 0 means that the picture is too small or too narrow.
    ///
    /// Source: `get_new_height_width` of `omnigen2/pipelines/image_processor.py`.
    package func fitted(maxPixels: Int, maxSide: Int, multiple: Int) -> PictureSize {
        let sideRatio = Double(maxSide) / Double(max(width, height))
        return scaled(min(pixelRatio(maxPixels), sideRatio, 1), multiple: multiple)
    }

    /// The size a result is drawn at: within `maxPixels`, both sides rounded down to `multiple`.
    ///
    /// Source: `__call__` of `omnigen2/pipelines/omnigen2/pipeline_omnigen2.py`.
    package func drawn(maxPixels: Int, multiple: Int) -> PictureSize {
        scaled(min(pixelRatio(maxPixels), 1), multiple: multiple)
    }

    private func pixelRatio(_ maxPixels: Int) -> Double {
        (Double(maxPixels) / Double(width * height)).squareRoot()
    }

    private func scaled(_ ratio: Double, multiple: Int) -> PictureSize {
        PictureSize(
            width: Int(Double(width) * ratio) / multiple * multiple,
            height: Int(Double(height) * ratio) / multiple * multiple)
    }
}
