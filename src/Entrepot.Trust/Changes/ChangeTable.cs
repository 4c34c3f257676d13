using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Trust.Changes;

/// <summary>SQL of the tables <c>change</c> and <c>change_accepted</c>.</summary>
internal static class ChangeTable
{
    private const string Columns =
        """
        id, document, base, content, state, proposed_by, persons, reason, proposed_at, expires_at, approved_by, approved_at, approved_until, approval, approval_signature,
        ended_by, ended_at, ended_why, applied_by, applied_at, glass_why, glass_persons, review_due, reviewed_by, reviewed_at, review, review_signature
        """;

    private const string Newest = $"SELECT {Columns} FROM change WHERE id < @before ORDER BY id DESC LIMIT @count";

    public static Change Insert(StateTransaction transaction, Change change, ChangeBytes bytes)
    {
        var id = transaction.Scalar<long>(
            """
            INSERT INTO change (document, base, base_bytes, content, content_bytes, effect, state, proposed_by, persons, reason, proposed_at, expires_at)
            VALUES (@Document, @Base, @BaseBytes, @Content, @ContentBytes, @Effect, @State, @Proposer, @Persons, @Reason, @ProposedAt, @ExpiresAt) RETURNING id
            """,
            new
            {
                Document = Word(change.Document), Base = change.Base.ToString(), BaseBytes = bytes.Base, Content = change.Content.ToString(), ContentBytes = bytes.Content,
                bytes.Effect, State = Word(change.State), change.Proposer, Persons = Join(change.Persons), change.Reason, ProposedAt = Millis(change.ProposedAt), ExpiresAt = Millis(change.ExpiresAt),
            });
        return change with { Id = id };
    }

    public static void Update(StateTransaction transaction, Change change)
        => transaction.Execute(
            """
            UPDATE change SET state = @State, approved_by = @ApprovedBy, approved_at = @ApprovedAt, approved_until = @ApprovedUntil, approval = @Approval,
                approval_signature = @ApprovalSignature, ended_by = @EndedBy, ended_at = @EndedAt, ended_why = @EndedWhy, applied_by = @AppliedBy, applied_at = @AppliedAt,
                glass_why = @GlassWhy, glass_persons = @GlassPersons, review_due = @ReviewDue, reviewed_by = @ReviewedBy, reviewed_at = @ReviewedAt, review = @Review,
                review_signature = @ReviewSignature WHERE id = @Id
            """,
            new
            {
                change.Id, State = Word(change.State),
                ApprovedBy = change.Approval?.By, ApprovedAt = Millis(change.Approval?.At), ApprovedUntil = Millis(change.Approval?.Until),
                Approval = change.Approval?.Proof.Statement, ApprovalSignature = change.Approval?.Proof.Signature,
                EndedBy = change.End?.By, EndedAt = Millis(change.End?.At), EndedWhy = change.End?.Why,
                AppliedBy = change.Application?.By, AppliedAt = Millis(change.Application?.At),
                GlassWhy = change.Glass?.Why, GlassPersons = change.Glass is { } glass ? Join(glass.Persons) : null, ReviewDue = Millis(change.Glass?.ReviewDue),
                ReviewedBy = change.Review?.By, ReviewedAt = Millis(change.Review?.At), Review = change.Review?.Proof.Statement, ReviewSignature = change.Review?.Proof.Signature,
            });

    public static void SetEffect(StateTransaction transaction, long id, string effect) => transaction.Execute("UPDATE change SET effect = @effect WHERE id = @id", new { id, effect });

    public static Change? Find(StateTransaction transaction, long id)
        => transaction.Query<Row>($"SELECT {Columns} FROM change WHERE id = @id", new { id }).FirstOrDefault()?.ToChange();

    public static Change? Find(SqliteConnection connection, long id)
        => connection.QueryFirstOrDefault<Row>($"SELECT {Columns} FROM change WHERE id = @id", new { id })?.ToChange();

    public static ChangeBytes Bytes(StateTransaction transaction, long id) => transaction.Query<BytesRow>(BytesSql, new { id }).First().ToBytes();

    public static ChangeBytes? Bytes(SqliteConnection connection, long id) => connection.QueryFirstOrDefault<BytesRow>(BytesSql, new { id })?.ToBytes();

    public static IReadOnlyList<Change> Page(SqliteConnection connection, long before, int count)
        => [.. connection.Query<Row>(Newest, new { before, count }).Select(static row => row.ToChange())];

    /// <summary>Those that are not at an end: few, as their number is limited.</summary>
    public static IReadOnlyList<Change> Pending(StateTransaction transaction)
        => [.. transaction.Query<Row>($"SELECT {Columns} FROM change WHERE state IN ('proposed', 'approved', 'applying') ORDER BY id").Select(static row => row.ToChange())];

    public static IReadOnlyList<Change> Pending(SqliteConnection connection)
        => [.. connection.Query<Row>($"SELECT {Columns} FROM change WHERE state IN ('proposed', 'approved', 'applying') ORDER BY id").Select(static row => row.ToChange())];

    /// <summary>Those that were applied without approval and nobody has looked at since.</summary>
    public static IReadOnlyList<Change> Owed(SqliteConnection connection)
        => [.. connection.Query<Row>($"SELECT {Columns} FROM change WHERE glass_why IS NOT NULL AND reviewed_at IS NULL ORDER BY id").Select(static row => row.ToChange())];

    /// <summary>Drops the oldest of those that are at an end and owe nothing, until a number is left.</summary>
    public static void Forget(StateTransaction transaction, int keep)
        => transaction.Execute(
            """
            DELETE FROM change WHERE id IN (
                SELECT id FROM change WHERE state NOT IN ('proposed', 'approved', 'applying') AND (glass_why IS NULL OR reviewed_at IS NOT NULL) ORDER BY id DESC LIMIT -1 OFFSET @keep)
            """,
            new { keep });

    public static AcceptedDocument? Accepted(SqliteConnection connection, ChangedDocument document)
        => connection.QueryFirstOrDefault<AcceptedRow>("SELECT digest, bytes, change, at FROM change_accepted WHERE document = @Document", new { Document = Word(document) })?.ToAccepted();

    public static AcceptedDocument? Accepted(StateTransaction transaction, ChangedDocument document)
        => transaction.Query<AcceptedRow>("SELECT digest, bytes, change, at FROM change_accepted WHERE document = @Document", new { Document = Word(document) }).FirstOrDefault()?.ToAccepted();

    public static void Accept(StateTransaction transaction, ChangedDocument document, byte[] bytes, long? change, DateTimeOffset now)
        => transaction.Execute(
            """
            INSERT INTO change_accepted (document, digest, bytes, change, at) VALUES (@Document, @Digest, @bytes, @change, @At)
            ON CONFLICT (document) DO UPDATE SET digest = @Digest, bytes = @bytes, change = @change, at = @At
            """,
            new { Document = Word(document), Digest = Sha256Digest.Of(bytes).ToString(), bytes, change, At = Millis(now) });

    public static bool Unaccept(StateTransaction transaction, ChangedDocument document)
        => transaction.Execute("DELETE FROM change_accepted WHERE document = @Document", new { Document = Word(document) }) > 0;

    private const string BytesSql = "SELECT base_bytes, content_bytes, effect FROM change WHERE id = @id";

    private static string Word<T>(T value)
        where T : struct, Enum
        => value.ToString().ToLowerInvariant();

    private static string Join(IReadOnlySet<string> names) => string.Join(',', names.Order(StringComparer.Ordinal));

    private static long Millis(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    private static long? Millis(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds();

    private static DateTimeOffset Time(long? millis) => DateTimeOffset.FromUnixTimeMilliseconds(millis!.Value);

#pragma warning disable IDE1006, SA1300 // names are those of the columns
    private sealed record BytesRow(byte[] base_bytes, byte[] content_bytes, string effect)
    {
        public ChangeBytes ToBytes() => new(base_bytes, content_bytes, effect);
    }

    private sealed record AcceptedRow(string digest, byte[] bytes, long? change, long at)
    {
        public AcceptedDocument ToAccepted() => new(Sha256Digest.TryParse(digest, out var parsed) ? parsed : default, bytes, change, Time(at));
    }

    private sealed record Row(
        long id, string document, string @base, string content, string state, string proposed_by, string persons, string reason, long proposed_at, long expires_at,
        string? approved_by, long? approved_at, long? approved_until, string? approval, byte[]? approval_signature, string? ended_by, long? ended_at, string? ended_why,
        string? applied_by, long? applied_at, string? glass_why, string? glass_persons, long? review_due, string? reviewed_by, long? reviewed_at, string? review,
        byte[]? review_signature)
    {
        public Change ToChange() => new(
            id, Enum.Parse<ChangedDocument>(document, ignoreCase: true), Digest(@base), Digest(content), proposed_by, Names(persons), reason, Time(proposed_at), Time(expires_at))
        {
            State = Enum.Parse<ChangeState>(state, ignoreCase: true),
            Approval = approved_by is null ? null : new ChangeApproval(approved_by, Time(approved_at), Time(approved_until), new SignedStatement(approval!, approval_signature!)),
            End = ended_by is null ? null : new ChangeEnd(ended_by, Time(ended_at), ended_why!),
            Application = applied_by is null ? null : new ChangeApplication(applied_by, Time(applied_at)),
            Glass = glass_why is null ? null : new BrokenGlass(glass_why, Names(glass_persons!), Time(review_due)),
            Review = reviewed_by is null ? null : new ChangeReview(reviewed_by, Time(reviewed_at), new SignedStatement(review!, review_signature!)),
        };

        private static Sha256Digest Digest(string text) => Sha256Digest.TryParse(text, out var digest) ? digest : default;

        private static HashSet<string> Names(string joined) => [.. joined.Split(',', StringSplitOptions.RemoveEmptyEntries)];
    }
#pragma warning restore IDE1006, SA1300
}
