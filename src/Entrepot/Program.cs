using Entrepot.Cli;

using var signals = new StopSignals();
return await CommandLine.RunAsync(args, CliEnvironment.OfProcess(), signals.Token);
