import Testing

@testable import Server

@Suite struct GenerationParametersTests {
    private static let plain = GenerationParameters(
        prompt: "a cat,\non a mat", negativePrompt: "blurry", steps: 20, sampler: "Euler", guidanceScale: 5, seed: 1,
        width: 512, height: 768, model: "OmniGen2")

    @Test func promptsAndSettingsStandOnLinesOfTheirOwn() {
        #expect(
            Self.plain.text == """
                a cat,
                on a mat
                Negative prompt: blurry
                Steps: 20, Sampler: Euler, CFG scale: 5, Seed: 1, Size: 512x768, Model: OmniGen2
                """)
    }

    @Test func whatIsNotSetIsNotWritten() {
        let parameters = GenerationParameters(
            prompt: "", steps: 1, sampler: "Euler", guidanceScale: 2.5, seed: 4_294_967_295, width: 16, height: 16)
        #expect(parameters.text == "Steps: 1, Sampler: Euler, CFG scale: 2.5, Seed: 4294967295, Size: 16x16")
    }

    @Test func furtherSettingsStandBeforeTheVersion() {
        var parameters = Self.plain
        parameters.scheduleType = "Automatic"
        parameters.denoisingStrength = 0.75
        parameters.others = [("Image CFG scale", "2")]
        parameters.version = "0.1.0"
        #expect(
            parameters.text.hasSuffix(
                "Steps: 20, Sampler: Euler, Schedule type: Automatic, CFG scale: 5, Seed: 1, Size: 512x768, "
                    + "Model: OmniGen2, Denoising strength: 0.75, Image CFG scale: 2, Version: 0.1.0"))
    }

    @Test(arguments: [
        ("plain \"words\" \\", "plain \"words\" \\"), ("a, b", "\"a, b\""), ("a: \"b\"", #""a: \"b\"""#),
        ("a\nb", #""a\nb""#), (#"C:\x"#, #""C:\\x""#), ("é, 😀", "\"é, 😀\""), ("a,\u{1}\t", #""a,\u0001\t""#),
    ])
    func aValueThatCouldBeMistakenIsQuoted(value: String, written: String) {
        var parameters = Self.plain
        parameters.model = value
        #expect(parameters.text.hasSuffix(", Model: \(written)"))
    }
}
