using System.Security.Cryptography;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;

namespace Entrepot.Core.Journal;

/// <summary>Where a chain ends.</summary>
internal sealed record JournalHead(long Sequence, byte[] Hash);

/// <summary>Appends to the journal of one database. Used on the writer's thread only.</summary>
internal sealed class JournalWriter
{
    private const int CarriedAtOnce = 10_000;

    private byte[] _buffer = new byte[1024];

    private JournalWriter(JournalSeal seal) => Seal = seal;

    public JournalSeal Seal { get; }

    /// <summary>The chain's end as the running transaction sees it; null when it was not looked up in this transaction. Whoever rolls back puts
    /// the former value back.</summary>
    public JournalHead? Head { get; set; }

    /// <summary>Opens the journal, making it in a new database and chaining what a database of before the chain holds.</summary>
    /// <exception cref="Faults.FaultException"><see cref="SecretFault.Broken"/>: the key is not the one that the journal was made with.</exception>
    public static JournalWriter Open(StateTransaction transaction, SealingKey key)
    {
        if (transaction.Query<JournalChainRow>(JournalChainRow.Sql).SingleOrDefault() is not { } chain)
        {
            chain = JournalSeal.Create(key);
            transaction.Execute(
                """
                INSERT INTO journal_chain (id, journal, public_key, signing_key, pseudonym_key, first, previous, pseudonymised)
                VALUES (1, @Journal, @PublicKey, @SigningKey, @PseudonymKey, @First, @Previous, @Pseudonymised)
                """,
                chain);
        }

        var writer = new JournalWriter(new JournalSeal(key, chain));
        writer.Seal.Check();
        if (transaction.Scalar<long>("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'journal_unchained'") > 0)
            writer.CarryOver(transaction);
        return writer;
    }

    /// <summary>Appends one entry.</summary>
    public void Append(StateTransaction transaction, JournalEntry entry)
    {
        var head = Head ?? ReadHead(transaction);
        Span<byte> salts = stackalloc byte[2 * JournalEncoding.SaltBytes];
        RandomNumberGenerator.Fill(salts);
        var length = JournalEncoding.WritePayload(entry, salts[..JournalEncoding.SaltBytes], salts[JournalEncoding.SaltBytes..], ref _buffer);
        var payload = _buffer.AsSpan(0, length);
        JournalEncoding.TryReadPayload(payload, out var parts);
        var (identity, content, hash) = (new byte[JournalEncoding.HashBytes], new byte[JournalEncoding.HashBytes], new byte[JournalEncoding.HashBytes]);
        SHA256.HashData(parts.Identity, identity);
        SHA256.HashData(parts.Content, content);
        var (sequence, at, result) = (head.Sequence + 1, entry.At.ToUnixTimeMilliseconds(), entry.Result.Name());
        JournalEncoding.Chain(head.Hash, sequence, at, entry.Action, result, identity, content, hash);
        transaction.ExecutePrepared(
            """
            INSERT INTO journal (sequence, at, action, result, identity, content, hash, payload)
            VALUES (@sequence, @at, @action, @result, @identity, @content, @hash, @payload)
            """,
            ("@sequence", sequence), ("@at", at), ("@action", entry.Action), ("@result", result), ("@identity", identity), ("@content", content),
            ("@hash", hash), ("@payload", Seal.Seal(payload, hash)));
        Head = new JournalHead(sequence, hash);
    }

    /// <summary>The chain's end in this transaction.</summary>
    public JournalHead ReadHead(StateTransaction transaction)
    {
        if (Head is { } known)
            return known;
        var row = transaction.FirstPrepared("SELECT sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1")
            ?? transaction.FirstPrepared("SELECT first - 1, previous FROM journal_chain")!;
        return Head = new JournalHead((long)row[0]!, (byte[])row[1]!);
    }

    private void CarryOver(StateTransaction transaction)
    {
        var after = 0L;
        List<OldRow> rows;
        do
        {
            rows = [.. transaction.Query<OldRow>(
                "SELECT sequence, at, actor, action, subject, details FROM journal_unchained WHERE sequence > @after ORDER BY sequence LIMIT @count",
                new { after, count = CarriedAtOnce })];
            foreach (var row in rows)
                Append(transaction, new JournalEntry(DateTimeOffset.FromUnixTimeMilliseconds(row.At), row.Actor, row.Action, row.Subject, row.Details));
            after = rows.Count == 0 ? after : rows[^1].Sequence;
        }
        while (rows.Count > 0);
        transaction.Execute("DROP TABLE journal_unchained");
    }

    private sealed record OldRow(long Sequence, long At, string Actor, string Action, string Subject, string Details);
}
