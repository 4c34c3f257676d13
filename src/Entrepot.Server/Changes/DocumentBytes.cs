using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Trust.Changes;

namespace Entrepot.Server.Changes;

/// <summary>Bytes and texts of documents.</summary>
internal static class DocumentBytes
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The text of a document, without its byte order mark.</summary>
    /// <exception cref="FaultException"><see cref="ChangeFault.TooLarge"/> or <see cref="ChangeFault.Invalid"/>.</exception>
    public static string Text(byte[] bytes, string file)
    {
        if (bytes.Length > ChangeBook.MaxBytes)
            throw Fault.Of(ChangeFault.TooLarge, FaultKind.TooLarge, $"{file} has {bytes.Length} bytes; {ChangeBook.MaxBytes} is the most.", "Make it shorter.").ToException();
        try
        {
            return Strict.GetString(bytes).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException error)
        {
            throw Fault.Of(ChangeFault.Invalid, FaultKind.Invalid, $"{file} is not UTF-8: byte {error.Index} belongs to no character.", "Save the file as UTF-8.").ToException(error);
        }
    }
}
