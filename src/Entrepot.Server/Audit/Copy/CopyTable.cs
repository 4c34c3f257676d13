using System.IO.Compression;
using System.Text;
using Dapper;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;

namespace Entrepot.Server.Audit.Copy;

/// <summary>How far a copy is.</summary>
/// <param name="Journal">The journal's name, 64 hexadecimal digits.</param>
/// <param name="PublicKey">The key that signs its checkpoints.</param>
/// <param name="First">The oldest entry that is kept.</param>
/// <param name="Previous">The hash before it.</param>
/// <param name="Anchor">Line of the checkpoint that proves that hash; null where the journal begins.</param>
/// <param name="Last">The newest entry.</param>
/// <param name="Hash">That entry's hash.</param>
/// <param name="Covered">Up to here the journal says that people's time had ended.</param>
/// <param name="AskedAt">When the other node was last heard, UTC.</param>
internal sealed record CopyHead(string Journal, byte[] PublicKey, long First, byte[] Previous, string? Anchor, long Last, byte[] Hash, long Covered, DateTimeOffset AskedAt)
{
    /// <summary>What did not prove, and when that was seen; null while all does.</summary>
    public (DateTimeOffset At, JournalBreak Flaw)? Broken { get; init; }
}

/// <summary>A part of a copy, from one checkpoint to another.</summary>
/// <param name="First">Its oldest entry.</param>
/// <param name="Last">Its newest.</param>
/// <param name="FirstAt">When the oldest was made, UTC.</param>
/// <param name="LastAt">When the newest was made, UTC.</param>
/// <param name="Covered">True once it was fetched again without people, after their time had ended.</param>
/// <param name="Hash">The newest entry's hash.</param>
internal sealed record CopySegment(long First, long Last, DateTimeOffset FirstAt, DateTimeOffset LastAt, bool Covered, byte[] Hash);

/// <summary>The only SQL of the copy.</summary>
internal static class CopyTable
{
    private const string Segment = "first AS First, last AS Last, first_at AS FirstAt, last_at AS LastAt, covered AS Covered, hash AS Hash";

    public static CopyHead? ReadHead(StateDatabase state) => state.Read(static connection => connection.Query<HeadRow>(
        """
        SELECT journal AS Journal, public_key AS PublicKey, first AS First, previous AS Previous, anchor AS Anchor, last AS Last, hash AS Hash, covered AS Covered,
            asked_at AS AskedAt, broken_at AS BrokenAt, broken_entry AS BrokenEntry, broken_flaw AS BrokenFlaw, broken_why AS BrokenWhy
        FROM journal_copy
        """).SingleOrDefault()?.ToHead());

    public static void PutHead(StateTransaction transaction, CopyHead head) => transaction.Execute(
        """
        INSERT INTO journal_copy (id, journal, public_key, first, previous, anchor, last, hash, covered, asked_at)
        VALUES (1, @Journal, @PublicKey, @First, @Previous, @Anchor, @Last, @Hash, @Covered, @askedAt)
        ON CONFLICT (id) DO UPDATE SET first = excluded.first, previous = excluded.previous, anchor = excluded.anchor, last = excluded.last, hash = excluded.hash,
            covered = excluded.covered, asked_at = excluded.asked_at
        """,
        new { head.Journal, head.PublicKey, head.First, head.Previous, head.Anchor, head.Last, head.Hash, head.Covered, askedAt = head.AskedAt.ToUnixTimeMilliseconds() });

    public static void Break(StateTransaction transaction, JournalBreak flaw, DateTimeOffset now) => transaction.Execute(
        "UPDATE journal_copy SET broken_at = @at, broken_entry = @Sequence, broken_flaw = @kind, broken_why = @Message WHERE broken_at IS NULL",
        new { at = now.ToUnixTimeMilliseconds(), flaw.Sequence, kind = flaw.Flaw.ToString(), flaw.Message });

    public static void PutSegment(StateTransaction transaction, CopySegment segment, byte[] lines) => transaction.Execute(
        """
        INSERT INTO journal_copy_segments (first, last, first_at, last_at, covered, hash, lines) VALUES (@First, @Last, @firstAt, @lastAt, @covered, @Hash, @lines)
        ON CONFLICT (first) DO UPDATE SET covered = excluded.covered, lines = excluded.lines
        """,
        new { segment.First, segment.Last, firstAt = segment.FirstAt.ToUnixTimeMilliseconds(), lastAt = segment.LastAt.ToUnixTimeMilliseconds(), covered = segment.Covered ? 1 : 0, segment.Hash, lines });

    public static void DropUpTo(StateTransaction transaction, long last) => transaction.Execute("DELETE FROM journal_copy_segments WHERE last <= @last", new { last });

    /// <summary>The segments in order, the newest first if that is asked for.</summary>
    public static IReadOnlyList<CopySegment> Segments(StateDatabase state, bool newestFirst = false) => state.Read(connection =>
        connection.Query<SegmentRow>($"SELECT {Segment} FROM journal_copy_segments ORDER BY first {(newestFirst ? "DESC" : "ASC")}").Select(static row => row.ToSegment()).ToList());

    /// <summary>The lines of a segment; empty when it has gone meanwhile.</summary>
    public static string[] Lines(StateDatabase state, SealingKey sealing, long first)
    {
        if (state.Read(connection => connection.Query<byte[]>("SELECT lines FROM journal_copy_segments WHERE first = @first", new { first }).SingleOrDefault()) is not { } kept)
            return [];
        using var packed = new BrotliStream(new MemoryStream(sealing.Open(kept, Purpose(first))), CompressionMode.Decompress);
        using var reader = new StreamReader(packed, Encoding.UTF8);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Lines as they are kept.</summary>
    public static byte[] Pack(IReadOnlyList<string> lines, SealingKey sealing, long first)
    {
        using var bytes = new MemoryStream();
        using (var packed = new BrotliStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        using (var writer = new StreamWriter(packed, new UTF8Encoding(false)))
        {
            foreach (var line in lines)
                writer.Write(line + "\n");
        }

        return sealing.Seal(bytes.GetBuffer().AsSpan(0, (int)bytes.Length), Purpose(first));
    }

    private static string Purpose(long first) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"journal-copy:{first}");

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private sealed class HeadRow
    {
        public string Journal { get; init; } = "";

        public byte[] PublicKey { get; init; } = [];

        public long First { get; init; }

        public byte[] Previous { get; init; } = [];

        public string? Anchor { get; init; }

        public long Last { get; init; }

        public byte[] Hash { get; init; } = [];

        public long Covered { get; init; }

        public long AskedAt { get; init; }

        public long? BrokenAt { get; init; }

        public long? BrokenEntry { get; init; }

        public string? BrokenFlaw { get; init; }

        public string? BrokenWhy { get; init; }

        public CopyHead ToHead() => new(Journal, PublicKey, First, Previous, Anchor, Last, Hash, Covered, At(AskedAt))
        {
            Broken = BrokenAt is { } at ? (At(at), new JournalBreak(BrokenEntry ?? 0, Enum.TryParse<JournalFlaw>(BrokenFlaw, out var flaw) ? flaw : JournalFlaw.Changed, BrokenWhy ?? "")) : null,
        };
    }

    private sealed class SegmentRow
    {
        public long First { get; init; }

        public long Last { get; init; }

        public long FirstAt { get; init; }

        public long LastAt { get; init; }

        public long Covered { get; init; }

        public byte[] Hash { get; init; } = [];

        public CopySegment ToSegment() => new(First, Last, At(FirstAt), At(LastAt), Covered != 0, Hash);
    }
}
