import Foundation
import Testing

@testable import QwenVL

@Suite struct GenerationConfigurationTests {
    private static func decode(_ json: String) throws -> GenerationConfiguration {
        try JSONDecoder().decode(GenerationConfiguration.self, from: Data(json.utf8))
    }

    @Test func thePublishedFileIsRead() throws {
        let configuration = try Self.decode(
            #"{"do_sample": true, "temperature": 1e-6, "repetition_penalty": 1.05, "eos_token_id": [5, 7]}"#)
        #expect(configuration.sampling == TextSampling(temperature: 1e-6, topK: 50, repetitionPenalty: 1.05))
        #expect(configuration.stopTokens == [5, 7])
    }

    @Test func whatIsNotSaidIsGreedyAndOneTokenMayEndTexts() throws {
        let configuration = try Self.decode(#"{"eos_token_id": 5, "temperature": 0.7, "top_k": null}"#)
        #expect(configuration.sampling == .greedy)
        #expect(configuration.stopTokens == [5])
        #expect(try Self.decode("{}").stopTokens.isEmpty)
        #expect(throws: DecodingError.self) { try Self.decode(#"{"eos_token_id": "x"}"#) }
    }
}
