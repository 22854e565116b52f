import OmniGen2

var configuration = OmniGen2.Configuration()
configuration.precision = .float32
let model = try await OmniGen2(model: CommandLine.arguments[1], configuration: configuration)

// Draw, and follow the work; leaving the loop would stop it.
var request = GenerationRequest(prompt: "A dog running in the park")
(request.height, request.width, request.steps) = (64, 96, 4)
var pictures: [Image] = []
for try await event in model.generateEvents(request) {
    switch event {
    case .progress(.step(let step, let count)): print("step \(step) of \(count)")
    case .progress: break
    case .picture(let picture, _): pictures.append(picture)
    }
}
try pictures[0].write(to: CommandLine.arguments[2])

// Ask about the picture.
var options = ChatOptions()
options.text.maxTokens = 16
let description = try await model.describe(pictures, question: "What is this?", options: options.text)
print("describe: \(description.text)")

// Talk; the model answers with text or a picture, which goes with the next message.
let conversation = model.conversation()
options.picture = request
let reply = try await model.chat("Make it blue", images: pictures, in: conversation, options: options)
print("chat: \(reply.text.text) and \(reply.pictures.count) pictures")
