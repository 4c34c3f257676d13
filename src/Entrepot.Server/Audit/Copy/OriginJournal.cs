using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Server.Client;

namespace Entrepot.Server.Audit.Copy;

/// <summary>The origin's journal, over its metadata surface.</summary>
/// <param name="http">Shows this node's certificate.</param>
/// <param name="origin">The metadata surface.</param>
/// <param name="time">The clock.</param>
internal sealed class OriginJournal(HttpClient http, Uri origin, TimeProvider time) : IJournalFeed
{
    /// <summary>Longest line in bytes: an entry's own limit is the size of what it tells, some KiB.</summary>
    private const int MaxLine = 1 << 20;

    /// <summary>Longest wait for the next bytes: before the first ones the origin proves what it has not signed yet.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async IAsyncEnumerable<string> ReadAsync(long? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(origin, after is { } entry ? FormattableString.Invariant($"/v1/journal/export?after={entry}") : "/v1/journal/export"));
        using var response = await WaitAsync(token => http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), cancellation);
        if (!response.IsSuccessStatusCode)
            throw (await WaitAsync(token => EntrepotClient.FaultOfAsync(response, token), cancellation)).ToException();
        var lines = PipeReader.Create(await response.Content.ReadAsStreamAsync(cancellation));
        try
        {
            for (var isEnd = false; !isEnd;)
            {
                var read = await WaitAsync(token => lines.ReadAsync(token).AsTask(), cancellation);
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    yield return Encoding.UTF8.GetString(buffer.Slice(0, end));
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }

                if (buffer.Length > MaxLine)
                    throw Broken($"sent a line of more than {MaxLine} bytes", null);
                lines.AdvanceTo(buffer.Start, buffer.End);
                isEnd = read.IsCompleted;
            }
        }
        finally
        {
            await lines.CompleteAsync();
        }
    }

    private async Task<T> WaitAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            return await work(either.Token);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw Broken($"sent nothing for {Patience.TotalSeconds:0} s", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Broken($"can't be read: {error.Message.TrimEnd('.')}", error);
        }
    }

    private FaultException Broken(string why, Exception? inner) => Fault.Of(
        CopyFault.Unreachable, FaultKind.Unavailable, $"The journal of {origin.GetLeftPart(UriPartial.Authority)} {why}.", "It is tried again; check that the origin runs.").ToException(inner);
}
