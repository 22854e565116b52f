import Diffusion
import Hub
import Imaging
import Layers
import OmniGen2
import QwenVL
import Torch
import Training

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Exit codes of sysexits.h.
enum ExitStatus: Int32 {
    case usage = 64
    case badData = 65
    case noInput = 66
    case unavailable = 69
    case software = 70
    case cannotCreate = 73
    /// 128 and the number of the signal, as a shell says it.
    case interrupted = 130

    /// The code for an error of this package; `nil` leaves it to the argument parser.
    init?(_ error: any Error) {
        switch error {
        case let error as CommandError: self = error.status
        case GenerationError.invalid: self = .usage
        case LanguageModelError.input: self = .usage
        case GenerationError.missing: self = .noInput
        case GenerationError.model: self = .badData
        case GenerationError.output: self = .cannotCreate
        case let error as SafetensorsError:
            self = FileManager.default.fileExists(atPath: error.file) ? .badData : .noInput
        case AdapterError.missing: self = .noInput
        case let error as SettingsError:
            self = FileManager.default.fileExists(atPath: error.file) ? .badData : .noInput
        case is SampleError, is TrainingError: self = .badData
        case is AdapterError, is WeightError, is ConfigurationError, is LanguageModelError, is TokenizerError,
            is ImageError:
            self = .badData
        case let error as HubError: self = Self.status(of: error)
        case TorchError.libraryNotFound, TorchError.libraryUnusable, TorchError.device: self = .unavailable
        case is TorchError: self = .software
        default: return nil
        }
    }
}

extension ExitStatus {
    private static func status(of error: HubError) -> ExitStatus {
        switch error {
        case .invalidConfiguration, .invalidRepository: .usage
        case .repositoryNotFound, .revisionNotFound, .fileNotFound, .noMatchingFiles, .notCached: .noInput
        case .invalidFileName, .malformedResponse, .sizeMismatch, .checksumMismatch: .badData
        case .diskFull, .fileSystem: .cannotCreate
        case .curlUnavailable, .network, .server, .accessDenied, .addressRefused: .unavailable
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
