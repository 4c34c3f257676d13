using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
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
        if (await ReadAsync(reader, cancellation) is not { } beginning || Pass.Begin(beginning) is not { } pass)
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

    private sealed class Pass(string journal, byte[] publicKey, long first, byte[] previous, string began)
    {
        private readonly JournalChainCheck _check = new(Convert.FromHexString(journal), publicKey, first, previous, isWhole: false);
        private readonly ArrayBufferWriter<byte> _built = new(4096);
        private readonly Queue<JournalCheckpoint> _witnesses = new();
        private byte[] _buffer = new byte[1024];
        private JournalCheckpoint? _newest;
        private long _pseudonymised;
        private long _lastPseudonymised;
        private long _mayBePseudonymised;

        public static Pass? Begin(string line)
        {
            try
            {
                using var json = JsonDocument.Parse(line);
                var own = json.RootElement.GetProperty("entrepot");
                return own.GetProperty("line").GetString() == "begin" && own.GetProperty("journal").GetString() is { Length: 2 * JournalEncoding.HashBytes } journal
                    ? new Pass(journal, Bytes(own, "public_key"), own.GetProperty("first").GetInt64(), Bytes(own, "previous"), line)
                    : null;
            }
            catch (Exception error) when (IsMalformed(error))
            {
                return null;
            }
        }

        public JournalBreak? Trust(JournalWitness witness)
        {
            foreach (var checkpoint in witness.Checkpoints.Where(checkpoint => checkpoint.Last >= first - 1).OrderBy(static checkpoint => checkpoint.Last))
                _witnesses.Enqueue(checkpoint);
            return witness.PublicKey is { } expected && !expected.AsSpan().SequenceEqual(publicKey)
                ? new JournalBreak(first, JournalFlaw.Key, "The export's public key is not the one that is expected.")
                : null;
        }

        public JournalBreak? Line(string line)
        {
            try
            {
                using var json = JsonDocument.Parse(line);
                var own = json.RootElement.GetProperty("entrepot");
                return own.GetProperty("line").GetString() switch
                {
                    "entry" => Entry(own, line),
                    "checkpoint" => Checkpoint(own, line),
                    _ => NotALine(),
                };
            }
            catch (Exception error) when (IsMalformed(error))
            {
                return NotALine();
            }
        }

        public JournalBreak? End()
        {
            if (_witnesses.TryDequeue(out var kept))
                return _check.Checkpoint(kept);
            if (_newest is not { } newest || newest.Last != _check.Last)
                return new JournalBreak(
                    _check.Last + 1, JournalFlaw.Truncated, $"The export ends after entry {_check.Last} without a checkpoint: what followed is gone.");
            if (_lastPseudonymised > _mayBePseudonymised)
                return new JournalBreak(
                    _lastPseudonymised, JournalFlaw.Withheld, $"Entry {_lastPseudonymised} names no person, and the journal does not say that its time had ended.");
            return _check.End() ?? (IsBuilt(json => JournalExportLine.WriteBegin(json, journal, publicKey, first, previous, newest.At), began)
                ? null
                : new JournalBreak(first, JournalFlaw.Changed, "The export's first line was changed."));
        }

        public JournalVerification Report(JournalBreak? flaw)
            => new(journal, first, _check.Last, _check.Checkpoints, _check.SignedUpTo, _check.SignedAt, true, _pseudonymised, flaw);

        private JournalBreak? Entry(JsonElement own, string line)
        {
            var (who, what) = (own.GetProperty("who"), own.GetProperty("what"));
            var entry = new JournalEntry(
                DateTimeOffset.FromUnixTimeMilliseconds(own.GetProperty("at").GetInt64()), new JournalActor(Text(who, "name"), Text(who, "from")),
                Text(own, "action"), Text(what, "subject"), Text(what, "details"))
            {
                Sequence = own.GetProperty("sequence").GetInt64(),
                Result = JournalResults.Parse(Text(own, "result")),
                Before = Text(what, "before"),
                After = Text(what, "after"),
            };
            var read = new JournalExportEntry(entry, Bytes(own, "identity"), Bytes(own, "content"), Bytes(own, "hash"), Bytes(who, "salt"), Bytes(what, "salt"));
            if (_check.Entry(entry.Sequence, entry.At.ToUnixTimeMilliseconds(), entry.Action, entry.Result.Name(), read.Identity, read.Content, read.Hash) is { } flaw)
                return flaw;
            if (!IsBuilt(json => JournalExportLine.WriteEntry(json, journal, read), line))
                return new JournalBreak(entry.Sequence, JournalFlaw.Changed, $"The line of entry {entry.Sequence} says more or other than what the chain covers.");
            if (!IsAsCommitted(read))
                return new JournalBreak(entry.Sequence, JournalFlaw.Content, $"What entry {entry.Sequence} tells is not what the chain covers.");
            if (read.IdentitySalt.Length == 0 || read.ContentSalt.Length == 0)
                (_pseudonymised, _lastPseudonymised) = (_pseudonymised + 1, entry.Sequence);
            if (entry.Action == JournalKeeping.Pseudonymised && entry.Subject.Split('-') is [_, var to] && long.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out var end))
                _mayBePseudonymised = Math.Max(_mayBePseudonymised, end);
            return Witness();
        }

        private JournalBreak? Checkpoint(JsonElement own, string line)
        {
            var checkpoint = JournalCheckpoint.TryParse(Text(own, "statement"), Bytes(own, "signature"));
            if (_check.Checkpoint(checkpoint) is { } flaw)
                return flaw;
            _newest = checkpoint;
            return IsBuilt(json => JournalExportLine.WriteCheckpoint(json, checkpoint!), line)
                ? Witness()
                : new JournalBreak(_check.Last + 1, JournalFlaw.Changed, $"The line of the checkpoint at entry {checkpoint!.Last} says more than what was signed.");
        }

        private JournalBreak? Witness()
        {
            while (_witnesses.TryPeek(out var kept) && kept.Last <= _check.Last)
            {
                if (_check.Checkpoint(_witnesses.Dequeue()) is { } flaw)
                    return flaw;
            }

            return null;
        }

        private bool IsAsCommitted(JournalExportEntry read)
        {
            if (read.IdentitySalt.Length is not (0 or JournalEncoding.SaltBytes) || read.ContentSalt.Length is not (0 or JournalEncoding.SaltBytes))
                return false;
            var length = JournalEncoding.WritePayload(read.Entry, read.IdentitySalt, read.ContentSalt, ref _buffer);
            return JournalEncoding.TryReadPayload(_buffer.AsSpan(0, length), out var payload)
                && (!payload.IdentityAsCommitted || SHA256.HashData(payload.Identity).AsSpan().SequenceEqual(read.Identity))
                && (!payload.ContentAsCommitted || SHA256.HashData(payload.Content).AsSpan().SequenceEqual(read.Content));
        }

        private bool IsBuilt(Action<Utf8JsonWriter> write, string line)
        {
            _built.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(_built))
                write(json);
            return Encoding.UTF8.GetBytes(line).AsSpan().SequenceEqual(_built.WrittenSpan);
        }

        private JournalBreak NotALine() => new(_check.Last + 1, JournalFlaw.Changed, $"The line after entry {_check.Last} is no line of an export.");

        private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? throw new JsonException();

        private static byte[] Bytes(JsonElement element, string name) => Convert.FromHexString(Text(element, name));

        private static bool IsMalformed(Exception error)
            => error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or OverflowException;
    }
}
