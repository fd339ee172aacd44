import { catalogue } from "..";

export const t = catalogue({
  title: "Copy or move",
  about: "{what}, folders with all that is below them.",
  what: "What to do",
  copy: "Copy",
  move: "Move",
  bucket: "Destination bucket",
  folder: "Destination folder",
  "folder.rule": "Ends with a slash; empty for the top of the bucket. Folders keep their names below it.",
  "folder.wrong": "It must end with a slash, and not be one of the folders themselves.",
  progress: "{n} done",
  large: "{n} objects are larger than the 5 GiB that one copy takes, and stay where they are: use aws s3 cp.",
  copied: "{n} objects are copied to {to}.",
  moved: "{n} objects are moved to {to}.",
  undone: "{n} objects are back where they were.",
  working: "Copying",
});
