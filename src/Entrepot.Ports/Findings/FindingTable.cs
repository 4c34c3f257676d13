using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Truth;

namespace Entrepot.Ports.Findings;

/// <summary>The findings' SQL.</summary>
internal static class FindingTable
{
    private const string Select =
        """
        SELECT id, node, protocol, port, kind, service, summary, state, first_seen_at AS FirstSeen, opened_at AS Opened, last_seen_at AS LastSeen,
               resolved_at AS Resolved, times_reopened AS Reopened, note, noted_by AS NotedBy
        FROM port_findings
        """;

    public static IReadOnlyList<Finding> Read(StateDatabase database, bool resolved, int count)
        => database.Read(connection => connection.Query<Row>(
                $"{Select} WHERE @resolved OR state <> 'resolved' ORDER BY state = 'resolved', opened_at DESC, id DESC LIMIT @count", new { resolved, count })
            .Select(ToFinding).ToList());

    public static IReadOnlyList<Finding> ReadNode(StateTransaction transaction, NodeName node)
        => [.. transaction.Query<Row>($"{Select} WHERE node = @node", new { node = node.Value }).Select(ToFinding)];

    public static Finding? Find(StateTransaction transaction, long id)
        => transaction.Query<Row>($"{Select} WHERE id = @id", new { id }).Select(ToFinding).FirstOrDefault();

    public static void Put(StateTransaction transaction, Finding finding) => transaction.Execute(
        """
        INSERT INTO port_findings (node, protocol, port, kind, service, summary, state, first_seen_at, opened_at, last_seen_at, resolved_at, times_reopened, note, noted_by)
        VALUES (@Node, @Protocol, @Port, @Kind, @Service, @Summary, @State, @First, @Opened, @Last, @Resolved, @Reopened, @Note, @NotedBy)
        ON CONFLICT (node, port, protocol, kind) DO UPDATE SET
            service = excluded.service, summary = excluded.summary, state = excluded.state, opened_at = excluded.opened_at, last_seen_at = excluded.last_seen_at,
            resolved_at = excluded.resolved_at, times_reopened = excluded.times_reopened, note = excluded.note, noted_by = excluded.noted_by
        """,
        new
        {
            Node = finding.Key.Node.Value,
            Protocol = finding.Key.Protocol.Name(),
            finding.Key.Port,
            Kind = NameOf(finding.Key.Kind),
            finding.Service,
            finding.Summary,
            State = NameOf(finding.State),
            First = finding.FirstSeen.ToUnixTimeMilliseconds(),
            Opened = finding.Opened.ToUnixTimeMilliseconds(),
            Last = finding.LastSeen.ToUnixTimeMilliseconds(),
            Resolved = finding.Resolved?.ToUnixTimeMilliseconds(),
            Reopened = finding.TimesReopened,
            finding.Note,
            finding.NotedBy,
        });

    /// <summary>Forgets the oldest resolved findings beyond a number.</summary>
    public static void Trim(StateTransaction transaction, int keep) => transaction.Execute(
        "DELETE FROM port_findings WHERE id IN (SELECT id FROM port_findings WHERE state = 'resolved' ORDER BY resolved_at DESC LIMIT -1 OFFSET @keep)", new { keep });

    /// <summary>A name as the database and the journal write it.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static Finding ToFinding(Row row) => new(
        row.Id,
        new FindingKey(
            NodeName.Parse(row.Node), checked((int)row.Port),
            PortProtocols.TryParse(row.Protocol, out var protocol) ? protocol : throw new InvalidDataException($"Unknown protocol '{row.Protocol}'."),
            Parse<TruthVerdict>(row.Kind)),
        row.Service, row.Summary, Parse<FindingState>(row.State), Time(row.FirstSeen), Time(row.Opened), Time(row.LastSeen),
        row.Resolved is { } resolved ? Time(resolved) : null, checked((int)row.Reopened), row.Note, row.NotedBy);

    private static T Parse<T>(string text)
        where T : struct, Enum
        => Enum.TryParse<T>(text, ignoreCase: true, out var value) ? value : throw new InvalidDataException($"Unknown {typeof(T).Name} '{text}'.");

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private sealed record Row(
        long Id, string Node, string Protocol, long Port, string Kind, string? Service, string Summary, string State, long FirstSeen, long Opened, long LastSeen,
        long? Resolved, long Reopened, string? Note, string? NotedBy);
}
