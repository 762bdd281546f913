// How series are put together. Installations that groupLabels tell apart stay apart.
function(config) {
  // A label that tells installations apart may be one of these already, such as job.
  local together(labels) = config.groupLabels + [label for label in labels if !std.member(config.groupLabels, label)],

  // ' by (a, b) ' for these labels and those of the installations; nothing if there are none.
  by(labels=[])::
    local all = together(labels);
    if all == [] then '' else ' by (' + std.join(', ', all) + ') ',

  // 'on (a, b)' for the same labels; two sides without labels match in any case.
  on(labels=[]):: 'on (' + std.join(', ', together(labels)) + ')',
}
