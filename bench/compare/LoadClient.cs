using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Entrepot.Compare;

/// <summary>Keeps a number of connections busy with GET requests for a fixed time and counts what came back. Each connection has one
/// request outstanding. Bodies are received into a 256 KiB buffer and dropped.</summary>
internal static class LoadClient
{
    private const int BufferSize = 256 * 1024;

    public static async Task<LoadResult> RunAsync(IPEndPoint server, IReadOnlyList<string> paths, int connections, TimeSpan time)
    {
        using var deadline = new CancellationTokenSource();
        var requests = paths.Select(path => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {server}\r\n\r\n")).ToArray();
        var watch = Stopwatch.StartNew();
        var tasks = Enumerable.Range(0, connections)
            .Select(i => ConnectionAsync(server, requests, new Random(i), watch, time))
            .ToArray();
        var counts = await Task.WhenAll(tasks);
        return new LoadResult(counts.Sum(c => c.Requests), counts.Sum(c => c.Bytes), watch.Elapsed);
    }

    private static async Task<(long Requests, long Bytes)> ConnectionAsync(
        IPEndPoint server, byte[][] requests, Random random, Stopwatch watch, TimeSpan time)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server);
        var buffer = new byte[BufferSize];
        long count = 0, bytes = 0;
        while (watch.Elapsed < time)
        {
            await socket.SendAsync(requests[random.Next(requests.Length)], SocketFlags.None);
            bytes += await ReceiveAsync(socket, buffer);
            count++;
        }

        return (count, bytes);
    }

    private static async ValueTask<long> ReceiveAsync(Socket socket, byte[] buffer)
    {
        var filled = 0;
        int headEnd;
        do
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None);
            if (read == 0)
                throw new IOException("The server closed the connection.");
            filled += read;
            headEnd = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
        }
        while (headEnd < 0);

        var length = ContentLength(buffer.AsSpan(0, headEnd));
        var left = length - (filled - headEnd - 4);
        while (left > 0)
        {
            var read = await socket.ReceiveAsync(buffer, SocketFlags.None);
            if (read == 0)
                throw new IOException("The server closed the connection inside a body.");
            left -= read;
        }

        return length;
    }

    private static long ContentLength(ReadOnlySpan<byte> head)
    {
        if (!head.StartsWith("HTTP/1.1 200"u8))
            throw new IOException($"Unexpected answer: {Encoding.ASCII.GetString(head)}");
        var text = Encoding.ASCII.GetString(head);
        var at = text.IndexOf("content-length:", StringComparison.OrdinalIgnoreCase) + "content-length:".Length;
        var end = text.IndexOf('\r', at);
        return long.Parse(end < 0 ? text[at..] : text[at..end], NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
    }
}

/// <summary>What one measurement saw.</summary>
internal sealed record LoadResult(long Requests, long Bytes, TimeSpan Time)
{
    public double RequestsPerSecond => Requests / Time.TotalSeconds;

    public double BytesPerSecond => Bytes / Time.TotalSeconds;
}
