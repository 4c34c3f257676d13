using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Entrepot.Core.Journal;

/// <summary>Proves the lines of an export one by one. The first thing that is wrong is what it tells; after that it is of no use.</summary>
public sealed class JournalExportPass
{
    private readonly string _journal;
    private readonly byte[] _publicKey;
    private readonly long _first;
    private readonly byte[] _previous;
    private readonly string _began;
    private readonly JournalChainCheck _check;
    private readonly ArrayBufferWriter<byte> _built = new(4096);
    private readonly Queue<JournalCheckpoint> _witnesses = new();
    private byte[] _buffer = new byte[1024];
    private JournalCheckpoint? _newest;
    private long _pseudonymised;
    private long _lastPseudonymised;
    private long _mayBePseudonymised;

    private JournalExportPass(string journal, byte[] publicKey, long first, byte[] previous, string began)
    {
        (_journal, _publicKey, _first, _previous, _began) = (journal, publicKey, first, previous, began);
        _check = new JournalChainCheck(Convert.FromHexString(journal), publicKey, first, previous, isWhole: false);
    }

    /// <summary>The journal's name, 64 hexadecimal digits.</summary>
    public string Journal => _journal;

    /// <summary>The key that signs its checkpoints, as the export says; 32 bytes.</summary>
    public ReadOnlyMemory<byte> PublicKey => _publicKey;

    /// <summary>The first entry that the export has.</summary>
    public long First => _first;

    /// <summary>What the hash before that entry is said to be; 32 bytes.</summary>
    public ReadOnlyMemory<byte> Previous => _previous;

    /// <summary>The newest entry that was proven; one less than <see cref="First"/> before there is any.</summary>
    public long Last => _check.Last;

    /// <summary>That entry's hash.</summary>
    public ReadOnlySpan<byte> Hash => _check.Hash;

    /// <summary>The newest checkpoint that was proven, or null.</summary>
    public JournalCheckpoint? Newest => _newest;

    /// <summary>When the newest entry was made, UTC; <see cref="DateTimeOffset.MinValue"/> before there is any.</summary>
    public DateTimeOffset LastAt { get; private set; }

    /// <summary>Up to where the journal itself says that people's time had ended; 0 when it says nothing.</summary>
    public long CoveredUpTo => _mayBePseudonymised;

    /// <summary>When the newest entry that names no person any more was made, UTC; null before there is any.</summary>
    public DateTimeOffset? PseudonymisedAt { get; private set; }

    /// <summary>Begins.</summary>
    /// <param name="line">The first line.</param>
    /// <returns>Null when it is no first line of an export.</returns>
    public static JournalExportPass? Begin(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var own = json.RootElement.GetProperty("entrepot");
            return own.GetProperty("line").GetString() == "begin" && own.GetProperty("journal").GetString() is { Length: 2 * JournalEncoding.HashBytes } journal
                ? new JournalExportPass(journal, Bytes(own, "public_key"), own.GetProperty("first").GetInt64(), Bytes(own, "previous"), line)
                : null;
        }
        catch (Exception error) when (IsMalformed(error))
        {
            return null;
        }
    }

    /// <summary>The first line of an export that has other lines than it began with.</summary>
    /// <param name="journal">The journal's name.</param>
    /// <param name="publicKey">The key that signs its checkpoints.</param>
    /// <param name="first">The first entry.</param>
    /// <param name="previous">The hash before it.</param>
    /// <param name="newest">The checkpoint that ends it.</param>
    public static byte[] BeginningOf(string journal, byte[] publicKey, long first, byte[] previous, JournalCheckpoint newest)
    {
        var line = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(line))
            JournalExportLine.WriteBegin(json, journal, publicKey, first, previous, newest.At);
        line.Write("\n"u8);
        return line.WrittenSpan.ToArray();
    }

    /// <summary>The entry that a line tells, unproven; null for a line that is none.</summary>
    public static JournalEntry? EntryOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var own = json.RootElement.GetProperty("entrepot");
            if (own.GetProperty("line").GetString() != "entry")
                return null;
            var entry = ReadEntry(own).Entry;
            return entry with { Before = entry.Before is { Length: > 0 } before ? before : null, After = entry.After is { Length: > 0 } after ? after : null };
        }
        catch (Exception error) when (IsMalformed(error))
        {
            return null;
        }
    }

    /// <summary>True when a line is another one again in which people and addresses may have become pseudonyms, and nothing else differs.</summary>
    public static bool IsWithoutPeople(string original, string covered)
        => EntryOf(original) is { } before ? EntryOf(covered) is { } after && Pseudonyms.IsCoverOf(before, after) : original == covered;

    /// <summary>The checkpoint that a line tells, unproven; null for a line that is none.</summary>
    public static JournalCheckpoint? CheckpointOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var own = json.RootElement.GetProperty("entrepot");
            return own.GetProperty("line").GetString() == "checkpoint" ? JournalCheckpoint.TryParse(Text(own, "statement"), Bytes(own, "signature")) : null;
        }
        catch (Exception error) when (IsMalformed(error))
        {
            return null;
        }
    }

    /// <summary>Says what the export must agree with.</summary>
    /// <returns>What it does not agree with from its first line on; null while it does.</returns>
    public JournalBreak? Trust(JournalWitness witness)
    {
        foreach (var checkpoint in witness.Checkpoints.Where(checkpoint => checkpoint.Last >= _first - 1).OrderBy(static checkpoint => checkpoint.Last))
            _witnesses.Enqueue(checkpoint);
        return witness.PublicKey is { } expected && !expected.AsSpan().SequenceEqual(_publicKey)
            ? new JournalBreak(_first, JournalFlaw.Key, "The export's public key is not the one that is expected.")
            : null;
    }

    /// <summary>Takes the next line.</summary>
    /// <returns>What is wrong with it; null when it is proven.</returns>
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

    /// <summary>Nothing follows.</summary>
    /// <returns>What is missing; null when all is proven.</returns>
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
        return _check.End() ?? (IsBuilt(json => JournalExportLine.WriteBegin(json, _journal, _publicKey, _first, _previous, newest.At), _began)
            ? null
            : new JournalBreak(_first, JournalFlaw.Changed, "The export's first line was changed."));
    }

    /// <summary>What was found.</summary>
    /// <param name="flaw">What was wrong, or null.</param>
    public JournalVerification Report(JournalBreak? flaw)
        => new(_journal, _first, _check.Last, _check.Checkpoints, _check.SignedUpTo, _check.SignedAt, true, _pseudonymised, flaw);

    private JournalBreak? Entry(JsonElement own, string line)
    {
        var read = ReadEntry(own);
        var entry = read.Entry;
        if (_check.Entry(entry.Sequence, entry.At.ToUnixTimeMilliseconds(), entry.Action, entry.Result.Name(), read.Identity, read.Content, read.Hash) is { } flaw)
            return flaw;
        if (!IsBuilt(json => JournalExportLine.WriteEntry(json, _journal, read), line))
            return new JournalBreak(entry.Sequence, JournalFlaw.Changed, $"The line of entry {entry.Sequence} says more or other than what the chain covers.");
        if (!IsAsCommitted(read))
            return new JournalBreak(entry.Sequence, JournalFlaw.Content, $"What entry {entry.Sequence} tells is not what the chain covers.");
        if (read.IdentitySalt.Length == 0 || read.ContentSalt.Length == 0)
            (_pseudonymised, _lastPseudonymised, PseudonymisedAt) = (_pseudonymised + 1, entry.Sequence, entry.At);
        LastAt = entry.At;
        if (entry.Action == JournalKeeping.Pseudonymised && entry.Subject.Split('-') is [_, var to] && long.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out var end))
            _mayBePseudonymised = Math.Max(_mayBePseudonymised, end);
        return Witness();
    }

    private static JournalExportEntry ReadEntry(JsonElement own)
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
        return new JournalExportEntry(entry, Bytes(own, "identity"), Bytes(own, "content"), Bytes(own, "hash"), Bytes(who, "salt"), Bytes(what, "salt"));
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
