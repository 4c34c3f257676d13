using System.Diagnostics;
using System.Globalization;
using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;

namespace Entrepot.Benchmarks.Journal;

/// <summary><c>-- journal [ENTRIES]</c>: what an entry costs beside the transaction that it records, and how long the proof of many takes.</summary>
internal static class JournalMeasure
{
    private const int Rounds = 9;
    private const int Alone = 200;
    private const int Together = 4_000;

    public static async Task<int> RunAsync(int entries)
    {
        var folder = Directory.CreateTempSubdirectory("entrepot-bench-").FullName;
        try
        {
            await MeasureShareAsync(Directory.CreateDirectory(Path.Combine(folder, "share")).FullName);
            await MeasureProofAsync(Directory.CreateDirectory(Path.Combine(folder, "proof")).FullName, entries);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static async Task MeasureShareAsync(string folder)
    {
        await using var state = StateDatabase.Open(Path.Combine(folder, "state.db"), typeof(PortBook).Assembly);
        await state.WriteAsync(static transaction => transaction.Execute("CREATE TABLE changes (id INTEGER PRIMARY KEY, name TEXT NOT NULL, document TEXT NOT NULL)"));
        var book = new PortBook(state, PortPolicy.Default, TimeProvider.System);
        var granted = 0;
        foreach (var (callers, count) in ((int, int)[])[(1, Alone), (256, Together)])
        {
            // A B A B, so that whatever else the machine does falls on both.
            List<Spent> plain = [], journalled = [], grants = [];
            for (var round = 0; round <= Rounds; round++)
            {
                var (without, with, grant) = (
                    await TimeAsync(callers, count, _ => state.WriteAsync(transaction => Change(transaction))),
                    await TimeAsync(callers, count, _ => state.WriteAsync(transaction =>
                    {
                        Change(transaction);
                        Append(transaction);
                    })),
                    await TimeAsync(callers, count / 4, async _ =>
                    {
                        var number = Interlocked.Increment(ref granted);
                        var request = new PortRequest { Node = NodeName.Parse($"node-{number / 100}"), Service = $"s{number}", Pool = new PortPool("edges", 20000, 20199) };
                        if ((await book.GrantAsync(request, IPAddress.Loopback, PortObservation.None)).Lease is null)
                            throw new InvalidOperationException();
                    }));
                if (round == 0)
                    continue;  // Everything is compiled now.
                plain.Add(without);
                journalled.Add(with);
                grants.Add(grant);
            }

            Share($"{callers,3} callers, time", static spent => spent.Time);
            Share($"{callers,3} callers, CPU", static spent => spent.Cpu);

            void Share(string what, Func<Spent, double> of)
            {
                var cost = Median([.. journalled.Zip(plain, (with, without) => of(with) - of(without))]);
                var (row, lease) = (Median([.. plain.Select(of)]), Median([.. grants.Select(of)]));
                Print($"{what}: a row {row:0.0} µs, its entry {cost:0.0} µs; a lease with its entry {lease:0.0} µs: the entry is {cost / lease:0.0 %} of that transaction");
            }
        }
    }

    private static async Task MeasureProofAsync(string folder, int entries)
    {
        await using var state = StateDatabase.Open(Path.Combine(folder, "state.db"));
        var watch = Stopwatch.StartNew();
        const int Batch = 1000;
        for (var done = 0; done < entries; done += Batch)
        {
            await state.WriteAsync(static transaction =>
            {
                for (var i = 0; i < Batch; i++)
                    Append(transaction);
            });
            await JournalKeeping.CheckpointAsync(state, DateTimeOffset.UtcNow, CancellationToken.None);
        }

        Print($"{entries:N0} entries appended and signed in {watch.Elapsed.TotalSeconds:0.0} s, {new FileInfo(state.File).Length >> 20} MiB");
        for (var run = 0; run < 3; run++)
        {
            watch.Restart();
            var proof = JournalVerifier.Verify(state, new JournalWitness(), null, CancellationToken.None);
            Print($"{proof.Entries:N0} entries and {proof.Checkpoints:N0} signatures proven in {watch.Elapsed.TotalSeconds:0.00} s: {(proof.Break is null ? "whole" : proof.Break.Message)}");
        }
    }

    private static void Change(StateTransaction transaction)
        => transaction.ExecutePrepared("INSERT INTO changes (name, document) VALUES (@name, @document)", ("@name", "images"), ("@document", """{"kind":"hosted","files":5}"""));

    private static void Append(StateTransaction transaction)
        => JournalTable.Append(transaction, new JournalEntry(
            DateTimeOffset.UtcNow, "user:ann@10.0.0.7", "snapshot.publish", "images", """{"snapshot":5,"files":4,"bytes":3000018,"note":"nightly"}"""));

    /// <summary>Microseconds for each of many calls by so many callers at once: by the clock, and of this process's CPU time, which what else
    /// the machine does falls into less.</summary>
    private static async Task<Spent> TimeAsync(int callers, int count, Func<int, Task> call)
    {
        var (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var index = caller; index < count; index += callers)
                await call(index);
        })));
        return new Spent(watch.Elapsed.TotalMicroseconds / count, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count);
    }

    private readonly record struct Spent(double Time, double Cpu);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
