import OmniGen2

var configuration = OmniGen2.Configuration()
configuration.precision = .float32
let model = try await OmniGen2(model: CommandLine.arguments[1], configuration: configuration)

var request = GenerationRequest(prompt: "A dog running in the park")
request.height = 64
request.width = 96
request.steps = 4
let pictures = try await model.generate(request) { progress in
    if case .step(let step, let count) = progress { print("step \(step) of \(count)") }
}
try pictures[0].write(to: CommandLine.arguments[2])
