import Imaging

/// What TensorBoard reads of a run: a message of an event file.
///
/// Sources: `event.proto`, `summary.proto` and `tensor.proto` of `tensorboard/compat/proto`.
struct TensorBoardEvent {
    enum Content {
        /// What every file begins with.
        case fileVersion
        /// The run begins, or goes on, at the event's step: what other files hold of this step and of later ones is void.
        case start
        case values([(tag: String, value: Value)])
    }

    enum Value {
        case scalar(Double)
        case picture(Image, png: [UInt8])
        case text(String)
    }

    var step = 0
    /// Seconds since 1970.
    let time: Double
    let content: Content

    var message: ProtobufMessage {
        var event = ProtobufMessage()
        event.add(1, time)
        event.add(2, step)
        switch content {
        case .fileVersion: event.add(3, "brain.Event:2")
        case .start: event.add(7) { log in log.add(1, 1) }
        case .values(let values):
            event.add(5) { summary in
                for (tag, value) in values { summary.add(1) { value.write(tag: tag, to: &$0) } }
            }
        }
        return event
    }
}

extension TensorBoardEvent.Value {
    /// `DataType.DT_STRING` and `DataClass.DATA_CLASS_TENSOR`.
    private static let (string, tensor) = (7, 2)
    /// The channels of a picture.
    private static let rgb = 3

    fileprivate func write(tag: String, to message: inout ProtobufMessage) {
        message.add(1, tag)
        switch self {
        case .scalar(let value): message.add(2, Float(value))
        case .picture(let image, let png):
            message.add(4) { picture in
                picture.add(1, image.height)
                picture.add(2, image.width)
                picture.add(3, Self.rgb)
                picture.add(4, png)
            }
        case .text(let text):
            message.add(8) { tensor in
                tensor.add(1, Self.string)
                tensor.add(2) { shape in shape.add(2) { $0.add(1, 1) } }
                tensor.add(8, text)
            }
            message.add(9) { metadata in
                metadata.add(1) { $0.add(1, "text") }
                metadata.add(4, Self.tensor)
            }
        }
    }
}
