using System.Globalization;
using BenchmarkDotNet.Running;
using Entrepot.Benchmarks.Journal;

if (args is ["journal", .. var rest])
    return await JournalMeasure.RunAsync(rest is [var entries] ? int.Parse(entries, CultureInfo.InvariantCulture) : 1_000_000);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
