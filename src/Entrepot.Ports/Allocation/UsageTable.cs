using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>The SQL of how full pools were.</summary>
internal static class UsageTable
{
    /// <summary>Most samples that a forecast reads.</summary>
    private const int MaxSamples = 5000;

    public static void Put(StateTransaction transaction, NodeName node, string pool, DateTimeOffset at, int used, DateTimeOffset forgetBefore)
    {
        transaction.Execute("DELETE FROM port_usage WHERE at < @before", new { before = forgetBefore.ToUnixTimeMilliseconds() });
        transaction.Execute(
            "INSERT INTO port_usage (node, pool, at, used) VALUES (@node, @pool, @at, @used) ON CONFLICT (node, pool, at) DO UPDATE SET used = excluded.used",
            new { node = node.Value, pool, at = at.ToUnixTimeMilliseconds(), used });
    }

    public static DateTimeOffset? Newest(StateDatabase database, NodeName node, string pool)
        => database.Read(connection => connection.ExecuteScalar<long?>("SELECT max(at) FROM port_usage WHERE node = @node AND pool = @pool", new { node = node.Value, pool }))
            is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    public static IReadOnlyList<PoolSample> Read(StateDatabase database, NodeName node, string pool)
        => database.Read(connection => connection.Query<Row>(
                "SELECT at, used FROM port_usage WHERE node = @node AND pool = @pool ORDER BY at DESC LIMIT @MaxSamples", new { node = node.Value, pool, MaxSamples })
            .Reverse().Select(static row => new PoolSample(DateTimeOffset.FromUnixTimeMilliseconds(row.At), (int)row.Used)).ToList());

    private sealed record Row(long At, long Used);
}
