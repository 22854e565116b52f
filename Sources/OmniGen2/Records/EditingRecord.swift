/// What a PNG of ours says about the sources it was made of.
package struct EditingRecord: Codable, Equatable, Sendable {
    package var sources: [SourceFile] = []
    package var mask: SourceFile?
    package var aligns = true
    package var keepsExactSize = false
    package var maxInputSide = GenerationRequest(prompt: "").maxInputSide
    package var referenceLatents = GenerationRequest.ReferenceLatents.sample

    package init() {}

    /// Whether the sources decide the size of the result.
    package var decidesSize: Bool { keepsExactSize || (aligns && sources.count == 1) }
}
