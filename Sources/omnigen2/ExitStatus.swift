import Diffusion
import Hub
import Imaging
import Layers
import OmniGen2
import QwenVL
import Torch

/// Exit codes of sysexits.h.
enum ExitStatus: Int32 {
    case usage = 64
    case badData = 65
    case noInput = 66
    case unavailable = 69
    case software = 70
    case cannotCreate = 73

    /// The code for an error of this package; `nil` leaves it to the argument parser.
    init?(_ error: any Error) {
        switch error {
        case let error as CommandError: self = error.status
        case GenerationError.invalid: self = .usage
        case GenerationError.missing: self = .noInput
        case GenerationError.model: self = .badData
        case let error as SafetensorsError: self = error.tensor == nil ? .noInput : .badData
        case is WeightError, is ConfigurationError, is LanguageModelError, is TokenizerError, is ImageError:
            self = .badData
        case is HubError: self = .unavailable
        case TorchError.libraryNotFound, TorchError.libraryUnusable, TorchError.device: self = .unavailable
        case is TorchError: self = .software
        default: return nil
        }
    }
}

/// An error of the command line itself.
struct CommandError: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}
