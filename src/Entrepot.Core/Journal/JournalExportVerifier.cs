using System.Text;
using Entrepot.Core.Faults;

namespace Entrepot.Core.Journal;

/// <summary>Proves an export: every line is built again from what its hashes and signatures prove, and must be the same byte for byte.</summary>
/// <remarks>'tools/journal-verify.py' does the same without this product.</remarks>
public static class JournalExportVerifier
{
    /// <summary>Longest line, in bytes: an entry's own limit is the size of what it tells, some KiB.</summary>
    private const int MaxLine = 16 << 20;

    /// <summary>Proves the lines.</summary>
    /// <param name="export">UTF-8.</param>
    /// <param name="witness">What it must agree with. Without a public key the export's own is believed, which says only that it is whole.</param>
    /// <param name="progress">Told how many bytes of the file were read, of how many.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="JournalFault.Malformed"/>: it does not begin as an export does.</exception>
    public static async Task<JournalVerification> VerifyAsync(
        Stream export, JournalWitness witness, IProgress<JournalProgress>? progress, CancellationToken cancellation)
    {
        using var reader = new StreamReader(export, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false, bufferSize: 1 << 16);
        if (await ReadAsync(reader, cancellation) is not { } beginning || JournalExportPass.Begin(beginning) is not { } pass)
            throw Fault.Of(
                JournalFault.Malformed, FaultKind.Invalid, "This is no export of a journal: its first line says nothing of one.",
                "'entrepot audit export' writes one.").ToException();
        var flaw = pass.Trust(witness);
        for (var count = 0L; flaw is null; count++)
        {
            if (await ReadAsync(reader, cancellation) is not { } line)
            {
                flaw = pass.End();
                break;
            }

            flaw = pass.Line(line);
            if (count % 10_000 == 0)
                progress?.Report(new JournalProgress(export.CanSeek ? export.Position : 0, export.CanSeek ? export.Length : 0));
        }

        return pass.Report(flaw);
    }

    private static async Task<string?> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadLineAsync(cancellation) is { } line ? line.Length <= MaxLine ? line : "" : null;
        }
        catch (DecoderFallbackException)
        {
            return "";  // No line of an export.
        }
    }
}
