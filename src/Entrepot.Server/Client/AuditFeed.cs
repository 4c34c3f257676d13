using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Entrepot.Core.Journal;
using Entrepot.Server.Api;

namespace Entrepot.Server.Client;

/// <summary>The journal's endpoints as clients see them, those of a node and of an agent alike.</summary>
internal static class AuditFeed
{
    /// <summary>Longest silence while a proof goes on; a step comes every some ten thousand entries.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    /// <summary>A query as the address has it.</summary>
    public static string ToUrl(JournalQuery query)
    {
        var parts = new List<string> { string.Create(CultureInfo.InvariantCulture, $"count={query.Count}") };
        Add("after", query.After?.ToString(CultureInfo.InvariantCulture));
        Add("action", query.Action);
        Add("who", query.Who);
        Add("since", query.Since?.ToString("O", CultureInfo.InvariantCulture));
        Add("until", query.Until?.ToString("O", CultureInfo.InvariantCulture));
        return "?" + string.Join('&', parts);

        void Add(string name, string? value)
        {
            if (value is { Length: > 0 })
                parts.Add($"{name}={Uri.EscapeDataString(value)}");
        }
    }

    /// <summary>The steps of a proof; the last has the result.</summary>
    /// <exception cref="IOException">The answer ended before it, or stopped.</exception>
    public static async IAsyncEnumerable<AuditProgress> ReadAsync(Stream answer, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var reader = new StreamReader(answer);
        while (true)
        {
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            silence.CancelAfter(Silence);
            var line = await reader.ReadLineAsync(silence.Token) ?? throw new IOException("the answer ended before it was complete");
            if (line.Length == 0)
                continue;
            var step = JsonSerializer.Deserialize(line, ApiJson.Default.AuditProgress) ?? throw new JsonException("null");
            yield return step;
            if (step.Result is not null)
                yield break;
        }
    }
}
