import Imaging

extension GenerationRequest {
    /// - Throws: `GenerationError.invalid` when the exact size cannot be kept, or the mask is none for the first
    ///   reference.
    func validateEditing() throws(GenerationError) {
        guard mask == nil || keepsExactSize else { throw .invalid("a mask needs the exact size") }
        guard keepsExactSize else { return }
        guard let source = references.first else { throw .invalid("an exact size needs a picture to change") }
        guard max(source.width, source.height) <= Self.largestSide else {
            throw .invalid(
                "a picture of \(source.width)x\(source.height) cannot keep its exact size: sides go up to "
                    + "\(Self.largestSide) pixels")
        }
        _ = try EditMask(self)
    }
}
